// A field for somebody's name that suggests whom one may mean.

import { element } from "./parts.js";

const PAUSE_MS = 150;

let count = 0;

// A form of one line; submit(name) does it, and may refuse. Where there is `room` for several names, commas stand between them.
export function nameForm(api, label, action, submit, room = 32) {
    const id = `people-${++count}`;
    const input = element("input", "form-control");
    const names = element("datalist", "");
    const wrong = element("p", "sheet-error");
    const send = element("button", "btn btn-primary", action);
    const caption = element("label", "form-label", label);
    Object.assign(input, { id, maxLength: room, autocomplete: "off", autocapitalize: "off", spellcheck: false, required: true });
    names.id = `${id}-names`;
    input.setAttribute("list", names.id);
    caption.htmlFor = id;
    send.type = "submit";
    wrong.setAttribute("role", "alert");
    suggest(api, input, names);
    const form = element("form", "sheet-form", caption, element("div", "sheet-line", input, send), names, wrong);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        wrong.textContent = "";
        send.disabled = true;
        try {
            await submit(input.value.trim());
            input.value = "";
        } catch (error) {
            wrong.textContent = error.message;
        } finally {
            send.disabled = false;
        }
    });
    return form;
}

function suggest(api, input, names) {
    let timer = null;
    input.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(async () => {
            const asked = input.value;
            const [, before, q] = /^(.*,\s*)?(.*?)\s*$/.exec(asked.trimStart());
            const found = q ? await api.get("users/", { q }).catch(() => null) : null;
            if (found && asked === input.value) {
                names.replaceChildren(...found.users.map(({ username }) => new Option(username, (before ?? "") + username)));
            }
        }, PAUSE_MS);
    });
}
