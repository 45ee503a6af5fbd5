// Who this browser is, as far as it can show it: the host site's token from storage, or cookies that
// scripts never see. Renewal goes through the host's refresh_url and is done once at a time.

export class Auth {
    constructor(config, storage) {
        this.kind = config.browser_token ?? "none";
        this.key = config.token_key;
        this.refreshUrl = config.refresh_url;
        this.csrf = config.csrf ?? "";
        this.storage = storage;
        this.shown = null;
    }

    // The bearer token, where scripts hold it. Some sites store it as a JSON string.
    token() {
        if (this.kind !== "storage") {
            return null;
        }
        try {
            return this.storage.getItem(this.key)?.replace(/^"|"$/g, "") || null;
        } catch {
            return null;
        }
    }

    headers() {
        const token = this.token();
        this.shown = token;
        return token ? { Authorization: `Bearer ${token}` } : { "X-CSRF-Token": this.csrf };
    }

    // True where there is reason to try again: a newer token, or cookies that the host just renewed.
    renew() {
        this.renewing ??= this.#renew().finally(() => {
            this.renewing = null;
        });
        return this.renewing;
    }

    async #renew() {
        if (this.kind === "storage" && this.token() !== this.shown) {
            return this.token() !== null;
        }
        if (!this.refreshUrl) {
            return false;
        }
        try {
            const answer = await fetch(this.refreshUrl, { method: "POST", credentials: "include" });
            if (!answer.ok) {
                return false;
            }
            if (this.kind === "storage") {
                await this.#keep(answer);
                return this.token() !== null && this.token() !== this.shown;
            }
            return true;
        } catch {
            return false;
        }
    }

    // SimpleJWT answers {access}; a host may just as well write the key itself.
    async #keep(answer) {
        const body = await answer.json().catch(() => null);
        if (typeof body?.access === "string") {
            this.storage.setItem(this.key, body.access);
        }
    }
}
