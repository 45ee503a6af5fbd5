// The account as a window, for where only scripts hold the token: no page of one's own can be asked for
// there. Everywhere else it is a page that needs no script.

import { button, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

const READ_MS = 60000; // a browser has the file by then

// The answer, or true where it has none; null where it was refused, and said why.
async function attempt(call) {
    try {
        return (await call()) ?? true;
    } catch (error) {
        toast(error.message);
        return null;
    }
}

const part = (title, ...content) => element("section", "account-part", element("h2", "account-head", title), ...content);

function ignoredPart(api, list) {
    const rows = list.map(({ user_id: id, username }) => {
        const stop = button("Stop ignoring", "btn btn-sm btn-quiet");
        const row = element("li", "account-row", element("bdi", "account-name", username), stop);
        stop.addEventListener("click", async () => (await attempt(() => api.delete(`me/ignored/${id}/`))) && row.remove());
        return row;
    });
    const none = element("li", "account-row account-none", "You ignore nobody. The menu beside each message can.");
    return part("People you ignore", element("ul", "account-list", ...(rows.length > 0 ? rows : [none])));
}

const DIRECT = { everyone: "Everyone", shared: "People in a private room with me", nobody: "Nobody" };

function directPart(api, { direct }) {
    const choice = element("select", "form-select", ...Object.entries(DIRECT).map(([value, text]) => new Option(text, value, false, value === direct)));
    const label = element("label", "account-label", "Who may begin a conversation with you. Moderators always may.", choice);
    choice.addEventListener("change", () => attempt(() => api.patch("me/", { prefs: { direct: choice.value } })));
    return part("Direct messages", element("div", "account-form", label));
}

// All parts of it as one file.
async function download(api) {
    const data = await api.get("me/data/");
    while (data.next) {
        const { messages, next } = await api.get("me/data/", { after: data.next });
        data.messages.push(...messages);
        data.next = next;
    }
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(data)], { type: "application/json" }));
    link.download = "chat-data.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}

function dataPart(api) {
    const get = button("Download my data");
    get.addEventListener("click", () => attempt(() => download(api)));
    return part("Your data", element("p", "", "Everything that is kept of you, as JSON."), get);
}

function deletePart(api, user) {
    const name = element("input", "form-control");
    const sure = button("Delete my account", "btn btn-danger");
    const label = element("label", "account-label", `Type your name, ${user.username}, to confirm`, name);
    sure.addEventListener("click", async () => (await attempt(() => api.delete("me/", { confirm: name.value }))) && location.reload());
    const text = "Your name and everything that you wrote are erased, for everybody and for good.";
    return part("Delete your account", element("p", "", text), element("div", "account-form", label, sure));
}

export async function openAccount(api, user) {
    const answers = await attempt(() => Promise.all([api.get("me/"), api.get("me/ignored/")]));
    if (answers) {
        const [{ prefs }, { ignored }] = answers;
        await loadStyle("account");
        openDialog("account", "Your account", [ignoredPart(api, ignored), directPart(api, prefs), dataPart(api), deletePart(api, user)]);
    }
}
