// A guest's name: asked for once, offered again by this browser ever after.

export function joinForm(form, { api, store, room }) {
    const field = form.querySelector("#join-name");
    const button = form.querySelector("button");
    const error = form.querySelector("#join-error");
    field.value ||= store.get("name") ?? "";
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        button.disabled = true;
        error.textContent = "";
        try {
            const answer = await api.post("session/", { username: field.value.trim(), next_room: room() });
            store.set("name", answer.user.username);
            location.reload();
        } catch (failure) {
            error.textContent = failure.message;
            button.disabled = false;
            field.focus();
        }
    });
}
