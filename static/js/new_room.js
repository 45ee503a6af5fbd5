// A new conversation, or a new room.

import { heading, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { nameForm } from "./people_field.js";
import { loadStyle } from "./style.js";

export async function openNewRoom({ api, config, opened }) {
    await loadStyle("beside");
    const dialog = openDialog("new", "New room or conversation", []);
    const done = ({ room }) => {
        dialog.close();
        opened(room);
    };
    const forms = [
        nameForm(api, "Talk with one or a few: names, with commas between", "Start", async (username) => done(await api.post("direct/", { username })), 256),
    ];
    if (config.opens_rooms) {
        forms.push(titleForm("A private room: its name", async (title) => done(await api.post("rooms/", { title }))));
    }
    dialog.box.append(heading("New room or conversation", () => dialog.close()), ...forms);
    dialog.box.querySelector("input").focus();
}

function titleForm(label, submit) {
    const caption = element("label", "form-label", label);
    const input = element("input", "form-control");
    const send = element("button", "btn btn-primary", "Open");
    const wrong = element("p", "sheet-error");
    Object.assign(input, { id: "new-room-title", maxLength: 100, autocomplete: "off", required: true });
    caption.htmlFor = input.id;
    wrong.setAttribute("role", "alert");
    const form = element("form", "sheet-form", caption, element("div", "sheet-line", input, send), wrong);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        try {
            await submit(input.value);
        } catch (error) {
            wrong.textContent = error.message;
        }
    });
    return form;
}
