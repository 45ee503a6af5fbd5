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
    constructor(nameOf) {
        this.line = document.getElementById("typing");
        this.nameOf = nameOf;
        this.timers = new Map();
    }

    set(userId, on) {
        clearTimeout(this.timers.get(userId));
        this.timers.delete(userId);
        if (on) {
            this.timers.set(userId, setTimeout(() => this.set(userId, false), FADES_MS));
        }
        this.#show();
    }

    clear() {
        this.timers.forEach(clearTimeout);
        this.timers.clear();
        this.#show();
    }

    #show() {
        const names = [...this.timers.keys()].map((id) => this.nameOf(id)).filter(Boolean);
        this.line.textContent = sentence(names);
    }
}
