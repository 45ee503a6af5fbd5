// Windows over the page, on the browser's own modal <dialog>: the rest is inert, Tab stays inside,
// Escape or a click beside it closes, and the focus goes back to where it was.

import { element, icon } from "./parts.js";

const GAP = 8;

// {box, closed, close(value)}; `closed` resolves to the value. `anchor`: where it opens on a wide
// screen; on a narrow one every window is a sheet at the lower end.
export function openDialog(name, label, content, anchor = null) {
    const box = element("dialog", `sheet sheet-${name}`, ...content);
    const before = document.activeElement;
    box.setAttribute("aria-label", label);
    const closed = new Promise((resolve) => {
        box.addEventListener("close", () => {
            box.remove();
            before?.focus({ preventScroll: true });
            resolve(box.returnValue);
        });
    });
    box.addEventListener("click", (event) => event.target === box && box.close(""));
    document.body.append(box);
    box.showModal();
    if (anchor && matchMedia("(width >= 768px)").matches) {
        place(box, anchor);
    }
    return { box, closed, close: (value = "") => box.close(value) };
}

function place(box, anchor) {
    const at = anchor.getBoundingClientRect();
    const top = Math.min(at.bottom + GAP, innerHeight - box.offsetHeight - GAP);
    const left = Math.min(at.right - box.offsetWidth, innerWidth - box.offsetWidth - GAP);
    box.classList.add("sheet-placed");
    box.style.top = `${Math.max(top, GAP)}px`;
    box.style.left = `${Math.max(left, GAP)}px`;
}

// The first line of a window that is more than a menu: its name, and the way out.
export function heading(title, close) {
    const out = button(icon("close"), "icon-btn sheet-close");
    out.setAttribute("aria-label", "Close");
    out.addEventListener("click", close);
    return element("div", "sheet-head", element("h2", "sheet-title", title), out);
}

export function button(label, className = "btn btn-quiet") {
    const made = element("button", className, label);
    made.type = "button";
    return made;
}

// True where the person said yes.
export async function confirmDialog(question, yes) {
    const [cancel, agree] = [button("Cancel"), button(yes, "btn btn-danger")];
    const dialog = openDialog("confirm", question, [element("p", "sheet-text", question), element("div", "sheet-buttons", cancel, agree)]);
    cancel.addEventListener("click", () => dialog.close());
    agree.addEventListener("click", () => dialog.close("yes"));
    return (await dialog.closed) === "yes";
}
