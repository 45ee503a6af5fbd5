// What this tab missed, asked for by itself and from its own cursors, while another tab has the connection.

export class CatchUp {
    // hooks: frame(frame), answer(body), resync(list)
    constructor({ api, logs, hooks }) {
        Object.assign(this, { api, logs, hooks });
    }

    soon() {
        this.wanted = true;
        this.running ??= this.#run().finally(() => {
            this.running = null;
        });
    }

    async #run() {
        while (this.wanted) {
            this.wanted = false;
            await this.#ask();
        }
    }

    // What fails is asked for again when the leader's next beat is found to be ahead.
    async #ask() {
        const rooms = Object.entries(this.logs.all()).map(([room, seq]) => `${room}:${seq}`);
        try {
            const body = await this.api.get("events/", { epoch: this.logs.epoch, rooms: rooms.join(",") });
            body.events.forEach((event) => this.hooks.frame(event));
            this.hooks.answer(body);
            this.wanted ||= body.more && body.events.length > 0;
        } catch (error) {
            if (error.code === "resync") {
                this.hooks.resync(error.body?.resync ?? []);
            }
        }
    }
}
