// Where each tab of the person is, and which of them the person is using: of those in sight the one that
// was touched last.

export class Places {
    constructor() {
        this.places = new Map(); // tab → {room, state, visible, at}
    }

    set(tab, place) {
        this.places.set(tab, place);
    }

    // Forgets the tabs that are not among these.
    keep(living) {
        for (const tab of this.places.keys()) {
            if (!living.has(tab)) {
                this.places.delete(tab);
            }
        }
    }

    remove(tab) {
        this.places.delete(tab);
    }

    // Whether some tab that is in sight shows this room.
    sees(room) {
        return [...this.places.values()].some((place) => place.visible && place.room === room);
    }

    get current() {
        const [first, ...others] = this.places.values();
        return others.reduce((best, place) => (this.#isBetter(place, best) ? place : best), first);
    }

    #isBetter(place, best) {
        return place.visible === best.visible ? place.at > best.at : place.visible;
    }
}
