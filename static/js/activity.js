// Whether the person is here: active, or idle after a while without input or with the page hidden; and
// when this page was last touched.

const IDLE_MS = 300000;
const CHECK_MS = 15000;

export class Activity {
    // hooks: changed(): the state, or which of the person's pages is in use
    constructor(hooks) {
        this.last = Date.now();
        this.state = "active";
        this.hooks = hooks;
        for (const type of ["pointerdown", "keydown", "wheel", "touchstart", "focus"]) {
            addEventListener(type, () => this.#touched(), { passive: true, capture: true });
        }
        addEventListener("focus", () => this.hooks.changed());
        document.addEventListener("visibilitychange", () => {
            this.#judge();
            this.hooks.changed();
        });
        setInterval(() => this.#judge(), CHECK_MS);
    }

    #touched() {
        this.last = Date.now();
        this.#judge();
    }

    #judge() {
        const here = document.visibilityState === "visible" && Date.now() - this.last < IDLE_MS;
        const state = here ? "active" : "idle";
        if (state !== this.state) {
            this.state = state;
            this.hooks.changed();
        }
    }
}
