// A message in a list of those that were found, as templates/found.mustache has it: it is chosen by its id.

import { button } from "./dialog.js";
import { element } from "./parts.js";
import { clockTime, dayLabel, wholeTime } from "./time.js";

// pieces: what is shown of its text, strings and nodes
export function foundItem(message, ...pieces) {
    const time = element("time", "found-time", `${dayLabel(message.timestamp)}, ${clockTime(message.timestamp)}`);
    time.dateTime = new Date(message.timestamp).toISOString();
    time.title = wholeTime(message.timestamp);
    const room = element("span", "found-room", message.room_title);
    const head = element("span", "found-head", element("bdi", "found-author", message.username), " ", room, " ", time);
    const text = element("span", "found-text", ...pieces);
    text.dir = "auto";
    const choose = button("", "found-link");
    choose.dataset.id = message.id;
    choose.append(head, document.createElement("br"), text);
    return element("li", "found", choose);
}
