// A picture over the page, and those around it: arrow keys lead on, Z or a click shows it in full size.

import { button, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";

// held: held_files.js, where pictures cannot be had by their addresses alone
export async function showPicture(link, held) {
    await loadStyle("files");
    const links = [...(link.closest("[role=log]") ?? document).querySelectorAll("a.file-image")];
    const img = element("img", "picture-img");
    const view = element("div", "picture-view", img);
    const name = element("bdi", "picture-name");
    const [before, next, zoom, close] = [button("Previous"), button("Next"), button("Full size"), button("Close")];
    const save = element("a", "btn btn-quiet", "Download");
    const buttons = element("div", "picture-buttons", before, next, zoom, save, close);
    const dialog = openDialog("picture", "Picture", [view, element("p", "picture-line", name), buttons]);
    let at = links.indexOf(link);

    const isFull = () => dialog.box.classList.contains("picture-full");
    const setFull = (on) => {
        dialog.box.classList.toggle("picture-full", on);
        zoom.setAttribute("aria-pressed", String(on));
    };
    const show = (to) => {
        at = Math.max(0, Math.min(links.length - 1, to));
        const { alt } = links[at].querySelector("img");
        const { path } = links[at].dataset;
        if (held && path) {
            held.show(img, path).catch(() => {
                img.src = links[at].href;
            });
        } else {
            img.src = links[at].href;
        }
        img.alt = alt;
        name.textContent = alt;
        save.href = links[at].href;
        save.download = alt;
        before.disabled = at === 0;
        next.disabled = at === links.length - 1;
        setFull(false);
    };
    before.addEventListener("click", () => show(at - 1));
    next.addEventListener("click", () => show(at + 1));
    zoom.addEventListener("click", () => setFull(!isFull()));
    img.addEventListener("click", () => setFull(!isFull()));
    close.addEventListener("click", () => dialog.close());
    save.addEventListener("click", (event) => {
        if (held && links[at].dataset.path) {
            event.preventDefault();
            held.save(links[at].dataset.path, save.download);
        }
    });
    view.tabIndex = 0;
    dialog.box.addEventListener("keydown", ({ key }) => {
        if (key === "z" || key === "Z") {
            setFull(!isFull());
        } else if (!isFull() && (key === "ArrowLeft" || key === "ArrowRight")) {
            show(key === "ArrowLeft" ? at - 1 : at + 1);
        }
    });
    show(at);
    view.focus();
}
