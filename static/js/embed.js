// In a frame of the host's page: how much is unread, told to that page and to no other, and nothing else.

export function tellHost(origins, rooms, list) {
    const host = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
    let told = null;
    const tell = () => {
        const unread = rooms.slugs.reduce((sum, slug) => sum + rooms.get(slug).unread, 0);
        if (unread !== told) {
            told = unread;
            parent.postMessage({ type: "outcry", unread }, host);
        }
    };
    if (origins.includes(host)) {
        new MutationObserver(tell).observe(list, { subtree: true, childList: true, characterData: true });
        tell();
    }
}
