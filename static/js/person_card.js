// Who somebody is, and the way to talk with them.

import { button, openDialog } from "./dialog.js";
import { ignore } from "./ignore.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";
import { initial } from "./text.js";
import { toast } from "./toast.js";

const ROLES = { guest: "Guest", moderator: "Moderator", admin: "Administrator" };
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export async function openCard({ api, user, opened, told }, id, anchor) {
    const [{ user: person }] = await Promise.all([api.get(`users/${id}/`), loadStyle("beside")]);
    const avatar = element("span", "avatar");
    avatar.dataset.user = id;
    avatar.dataset.initial = initial(person.username);
    avatar.setAttribute("aria-hidden", "true");
    const name = element("h2", "sheet-title", element("bdi", "", person.username));
    const since = element("p", "beside-note", `${ROLES[person.role] ?? "Member"}, here since ${day.format(person.since)}`);
    const card = element("div", "card-head", avatar, element("div", "", name, since));
    const dialog = openDialog("card", `About ${person.username}`, [card], anchor);
    if (id !== user.id) {
        const hush = button("Ignore", "btn btn-quiet card-ignore");
        hush.addEventListener("click", async () => {
            if (await ignore(api, id, person.username)) {
                dialog.close();
                told();
            }
        });
        card.append(hush);
    }
    if (id !== user.id && !user.guest) {
        const talk = button("Message", "btn btn-primary card-talk");
        talk.addEventListener("click", async () => {
            try {
                const { room } = await api.post("direct/", { user_id: id });
                dialog.close();
                opened(room);
            } catch (error) {
                toast(error.message);
            }
        });
        card.append(talk);
    }
    return dialog;
}
