// Who is typing in the room in view. Each word of it fades by itself: a lost "off" does no harm.

const FADES_MS = 6000;

function sentence(names) {
    switch (names.length) {
        case 0:
            return "";
        case 1:
            return `${names[0]} is typing…`;
        case 2:
            return `${names[0]} and ${names[1]} are typing…`;
        default:
            return "Several people are typing…";
    }
}

export class Typing {
    constructor() {
        this.line = document.getElementById("typing");
        this.people = new Map(); // user id → {name, timer}
    }

    // A typing frame.
    take({ user_id: id, username: name, on }) {
        this.stopped(id);
        if (on && name) {
            this.people.set(id, { name, timer: setTimeout(() => this.stopped(id), FADES_MS) });
            this.#show();
        }
    }

    stopped(id) {
        clearTimeout(this.people.get(id)?.timer);
        if (this.people.delete(id)) {
            this.#show();
        }
    }

    rename(id, name) {
        if (this.people.has(id)) {
            this.people.get(id).name = name;
            this.#show();
        }
    }

    clear() {
        [...this.people.keys()].forEach((id) => this.stopped(id));
    }

    #show() {
        this.line.textContent = sentence([...this.people.values()].map((person) => person.name));
    }
}
