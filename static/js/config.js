// What the page says about itself: the JSON in the data-config attribute, with addresses made whole.
// `socket` is null where the site has no sidecar, `streams` also where that is at another host: its
// streams and polls are for its own pages.

const withSlash = (path) => (path.endsWith("/") ? path : `${path}/`);

function socketUrl(path) {
    const url = new URL(withSlash(path), location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
}

function streamsUrl(path) {
    const url = new URL(withSlash(path), location.href);
    return url.host === location.host ? url.pathname : null;
}

export function readConfig(element) {
    const given = JSON.parse(element.dataset.config);
    return {
        ...given,
        api: withSlash(given.api),
        page: withSlash(given.page),
        socket: given.ws ? socketUrl(given.ws) : null,
        streams: given.ws ? streamsUrl(given.ws) : null,
        rooms: given.rooms ?? {},
        max_chars: given.max_chars ?? 2000,
        heartbeat_ms: given.heartbeat_ms ?? 25000,
    };
}
