// Where only scripts hold the token, the server sends the page as an empty shell. This fills it: who
// the reader is, the rooms, and the message box.

import { button } from "./dialog.js";
import { element, icon, part } from "./parts.js";
import { initial } from "./text.js";

export async function fillShell({ config, api, auth }) {
    const me = await api.get("me/");
    auth.csrf = me.csrf;
    if (!me.user) {
        return null;
    }
    const [there, page] = await Promise.all([api.get("rooms/"), api.get("messages/", { room: config.room, limit: 1 })]);
    config.epoch = page.epoch;
    config.prefs = me.prefs;
    config.rooms = Object.fromEntries([["@me", me], ...there.rooms.map((room) => [room.id, room])]);
    showMe(me.user, api);
    if (!document.getElementById("composer")) {
        document.getElementById("join")?.remove();
        document.querySelector(".foot-note")?.remove();
        document.getElementById("chat-foot").append(part("composer"));
    }
    return { user: me.user, there };
}

function showMe(user, api) {
    const avatar = document.createElement("span");
    avatar.className = "avatar";
    avatar.dataset.user = user.id;
    avatar.dataset.initial = initial(user.username);
    const name = document.createElement("bdi");
    name.className = "me-name";
    name.textContent = user.username;
    const line = document.createElement("p");
    line.className = "me-line";
    const account = button("Account", "me-account");
    account.addEventListener("click", async () => {
        const { openAccount } = await import("./account.js");
        openAccount(api, user);
    });
    line.append(name, document.createElement("br"), account);
    const notify = element("a", "icon-btn me-notify", icon("bell"), element("span", "visually-hidden", "Notifications and sound"));
    notify.id = "notify";
    notify.href = "#notify";
    document.getElementById("me").replaceChildren(avatar, line, notify);
}
