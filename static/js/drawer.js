// Rooms and people on a narrow screen: the links in the header open them as drawers. Escape, a tap
// beside it or its close button shuts it, and focus goes back to where it was. Without scripts the
// same links open them by :target.

export class Drawer {
    constructor(panel, opener, others) {
        Object.assign(this, { panel, opener, others });
        opener.setAttribute("aria-expanded", "false");
        opener.setAttribute("aria-controls", panel.id);
        opener.setAttribute("role", "button");
        opener.addEventListener("click", (event) => {
            event.preventDefault();
            this.open();
        });
        opener.addEventListener("keydown", (event) => {
            if (event.key === " ") {
                event.preventDefault();
                this.open();
            }
        });
        panel.querySelector(".panel-close").addEventListener("click", (event) => {
            event.preventDefault();
            this.close();
        });
        for (const width of ["(width >= 768px)", "(width >= 1100px)"]) {
            matchMedia(width).addEventListener("change", () => this.close()); // it may be a column now
        }
        document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
        document.addEventListener("pointerdown", (event) => {
            if (this.isOpen && !panel.contains(event.target)) {
                event.preventDefault();
                this.close();
            }
        });
    }

    get isOpen() {
        return this.panel.classList.contains("is-open");
    }

    open() {
        this.panel.classList.add("is-open");
        this.#apply(true);
        this.panel.querySelector(".panel-close").focus();
    }

    close() {
        if (location.hash === `#${this.panel.id}`) {
            location.replace("#chat"); // it was opened by its address
        }
        if (this.isOpen) {
            this.panel.classList.remove("is-open");
            this.#apply(false);
            this.opener.focus();
        }
    }

    #apply(open) {
        this.opener.setAttribute("aria-expanded", String(open));
        for (const other of this.others) {
            other.inert = open;
        }
    }
}
