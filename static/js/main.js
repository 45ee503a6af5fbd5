// Where the page comes to life. Everything it shows was already in the HTML.

import { Api } from "./api.js";
import { Auth } from "./auth.js";
import { Chat } from "./chat.js";
import { readConfig } from "./config.js";
import { Drawer } from "./drawer.js";
import { openPictures } from "./files.js";
import { forgetFormer } from "./former.js";
import { joinForm } from "./join.js";
import { Logs } from "./log.js";
import { element } from "./parts.js";
import { browserStorage, Store } from "./store.js";
import { openTabs } from "./tabs.js";
import { followKeyboard } from "./viewport.js";

const byId = (id) => document.getElementById(id);

// On a narrow screen rooms and people are drawers; the way to shut them.
function makeDrawers() {
    const main = byId("chat");
    const rooms = byId("rooms");
    const online = byId("online");
    const drawers = [
        new Drawer(rooms, document.querySelector(".open-rooms"), [main, online]),
        new Drawer(online, document.querySelector(".open-online"), [main, rooms]),
    ];
    return () => drawers.forEach((drawer) => drawer.close());
}

function notice(text, loginUrl) {
    const line = element("p", "notice notice-bad", text);
    line.setAttribute("role", "status");
    if (loginUrl) {
        const link = element("a", "", "Sign in");
        link.href = loginUrl;
        line.append(" ", link);
    }
    document.querySelector(".chat-head").after(line);
}

// The account's page says so, once, to whoever is nobody now.
function hasLeft() {
    const address = new URL(location.href);
    const left = address.searchParams.has("left");
    if (left) {
        address.searchParams.delete("left");
        history.replaceState(history.state, "", address);
    }
    return left;
}

async function start(config) {
    const storage = browserStorage();
    const store = new Store(`outcry:${config.api}`, storage);
    const auth = new Auth(config, storage);
    const api = new Api(config.api, auth);
    openPictures(api);
    const closeDrawers = makeDrawers();
    let user = config.user;
    let filled = null;

    followKeyboard();
    if (!user && auth.token()) {
        const { fillShell } = await import("./shell.js");
        filled = await fillShell({ config, api, auth });
        user = filled?.user ?? null;
        config.paging ||= filled !== null; // the rows are still to be loaded
    }
    forgetFormer(store, user?.id ?? "nobody", { left: !user && hasLeft(), moved: () => location.reload() });
    if (byId("join")) {
        joinForm(byId("join"), { api, store, room: () => config.room });
    }
    if (!user && config.guests === "off") {
        notice("Sign in to read and write here.", config.login_url);
        return;
    }
    const cursors = Object.fromEntries(Object.entries(config.rooms).map(([room, { seq }]) => [room, seq]));
    const tabs = await openTabs(`outcry:${config.api}:${user?.id ?? "nobody"}`);
    const chat = new Chat({ config, api, auth, store, tabs, logs: new Logs(config.epoch, cursors), user, closeDrawers });
    if (filled) {
        chat.membership.update(filled.there);
        await chat.open(config.room, { push: false });
        if (config.message) {
            await chat.jump(config.message);
        }
    }
    chat.start();
    if (config.embed && parent !== window) {
        const { tellHost } = await import("./embed.js");
        tellHost(config.embed.split(" "), chat.rooms, byId("room-list"));
    }
}

// Once, should this file come by two addresses: pages of one version, scripts of another.
const app = byId("app");
if (!app.dataset.alive) {
    app.dataset.alive = "yes";
    const config = readConfig(app);
    start(config).catch((error) => notice(error.message, error.status === 401 ? config.login_url : null));
}
