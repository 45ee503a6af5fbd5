// Style sheets that only some part of the page needs, loaded with that part.

const loading = new Map();

// `name`: of static/css/later/NAME.css. Resolves when it applies; without it things are plain, not broken.
export function loadStyle(name) {
    if (!loading.has(name)) {
        loading.set(name, append(name));
    }
    return loading.get(name);
}

function append(name) {
    if (document.querySelector(`link[rel="stylesheet"][href*="/vendor/css/${name}.css"]`)) {
        return Promise.resolve(); // the server knew that the page needs it
    }
    const page = document.querySelector('link[rel="stylesheet"][href*="/vendor/chat.css"]');
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = page.href.replace("/vendor/chat.css", `/vendor/css/${name}.css`);
    return new Promise((resolve) => {
        sheet.addEventListener("load", resolve);
        sheet.addEventListener("error", resolve);
        page.after(sheet); // before the site's own, which may change it
    });
}
