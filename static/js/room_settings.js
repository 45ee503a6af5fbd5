// What a room's owner and moderators change about it.

import { element } from "./parts.js";

const POST = { all: "Everybody", members: "Everybody but guests", moderators: "Moderators and the owner" };
const INVITE = { members: "Every member", owner: "The owner and moderators" };

function field(name, label, input) {
    const caption = element("label", "form-label", label);
    Object.assign(input, { id: `set-${name}`, name });
    caption.htmlFor = input.id;
    return [caption, input];
}

function line(value, limits) {
    return Object.assign(element("input", "form-control"), { value, autocomplete: "off", ...limits });
}

function choice(labels, chosen) {
    const made = element("select", "form-select", ...Object.entries(labels).map(([value, label]) => new Option(label, value)));
    made.value = chosen;
    return made;
}

// submit(change) may refuse.
export function settingsForm(room, submit) {
    const wrong = element("p", "sheet-error");
    const save = element("button", "btn btn-primary", "Save");
    wrong.setAttribute("role", "alert");
    const form = element(
        "form",
        "sheet-form",
        ...field("title", "Name", line(room.title, { maxLength: 100, required: true })),
        ...field("topic", "Topic", line(room.topic, { maxLength: 250 })),
        ...field("post_policy", "Who writes", choice(POST, room.post_policy)),
        ...(room.kind === "private" ? field("invite_policy", "Who invites", choice(INVITE, room.invite_policy)) : []),
        ...field("slow_s", "Seconds between two messages of one person", line(room.slow_s, { type: "number", min: 0, max: 86400 })),
        element("div", "sheet-buttons", save),
        wrong,
    );
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const change = Object.fromEntries(new FormData(form));
        try {
            await submit({ ...change, slow_s: Number(change.slow_s) });
        } catch (error) {
            wrong.textContent = error.message;
        }
    });
    return form;
}
