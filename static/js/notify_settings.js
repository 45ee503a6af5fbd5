// The window that asks what should call for the reader. The choice holds on all their devices; each browser is
// asked for its permission by a click here.

import { button, heading, openDialog } from "./dialog.js";
import { askPermission, beep, notify, permission } from "./notify.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

const SOUNDS = { off: "Off", mine: "Direct messages and mentions", all: "Every message" };
const WORDS = {
    none: "This browser offers no notifications here.",
    denied: "This browser refuses notifications for this site. Allow them in its settings for this site, then come back.",
    default: "This browser has not allowed notifications yet.",
};

function check(text, on) {
    const box = element("input", "form-check-input");
    box.type = "checkbox";
    box.checked = on;
    return { box, label: element("label", "notify-check", box, element("span", "", text)) };
}

class Settings {
    constructor(api, prefs) {
        Object.assign(this, { api, prefs });
        this.on = check("Show notifications of direct messages and mentions", prefs.notify === "on");
        this.text = check("Show what was written in them", prefs.notify_text === "on");
        this.ask = button("Ask this browser", "btn btn-sm btn-quiet");
        this.words = element("span", "");
        this.note = element("p", "notify-note", this.words, " ", this.ask);
        this.note.setAttribute("role", "status");
        this.sound = element("select", "form-select", ...Object.entries(SOUNDS).map(([value, text]) => new Option(text, value, false, value === prefs.sound)));
        this.on.box.addEventListener("change", () => this.#switch());
        this.text.box.addEventListener("change", () => this.#set({ notify_text: this.text.box.checked ? "on" : "off" }));
        this.ask.addEventListener("click", () => this.#ask());
        this.sound.addEventListener("change", () => this.#choose());
        this.#show(permission());
    }

    get parts() {
        const sound = element("label", "notify-sound", "Sound", this.sound);
        const about = element("p", "notify-about", "This holds on all your devices; whether it may show notifications, each browser asks you itself. Rooms that you muted stay quiet.");
        return [this.on.label, this.note, this.text.label, sound, about];
    }

    // Switched on without the browser's yes, it says why nothing will be seen.
    #show(state) {
        const on = this.on.box.checked;
        this.words.textContent = state === "granted" || (!on && state === "default") ? "" : (WORDS[state] ?? "");
        this.ask.hidden = !(on && state === "default");
        this.text.box.disabled = !on;
    }

    async #switch() {
        const on = this.on.box.checked;
        if (await this.#set({ notify: on ? "on" : "off" })) {
            this.#show(permission());
            if (on) {
                await this.#ask();
            }
        } else {
            this.on.box.checked = !on;
        }
    }

    async #ask() {
        const before = permission();
        const state = await askPermission();
        const shown = state === "granted" && notify("Notifications are on", "This is how they look.", "outcry:sample");
        this.#show(state === "granted" && !shown ? "none" : state);
        if (before === "default" && document.activeElement === document.body) {
            this.on.box.focus(); // the button that was used is gone
        }
    }

    #choose() {
        if (this.sound.value !== "off") {
            beep();
        }
        this.#set({ sound: this.sound.value });
    }

    async #set(prefs) {
        try {
            Object.assign(this.prefs, (await this.api.patch("me/", { prefs })).prefs);
            return true;
        } catch (error) {
            toast(error.message);
            return false;
        }
    }
}

export async function openNotifySettings({ api, prefs }) {
    const [me] = await Promise.all([api.get("me/"), loadStyle("beside"), loadStyle("notify")]);
    Object.assign(prefs, me.prefs);
    const settings = new Settings(api, prefs);
    const dialog = openDialog("notify", "Notifications and sound", [heading("Notifications and sound", () => dialog.close()), ...settings.parts]);
    settings.on.box.focus();
    return dialog;
}
