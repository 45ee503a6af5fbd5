// The browser's notifications, and a sound. What is said in them is text. Loaded with the first.

const EXCERPT = 160; // characters
const QUIET_MS = 2000; // from one sound to the next
const TONES = [[660, 0], [880, 0.12]]; // Hz, and when, in seconds
const LOUD = 0.08;

// "granted", "denied", "default": not asked yet; "none": there are none in this browser, or not at this address.
export function permission() {
    return "Notification" in globalThis && isSecureContext ? Notification.permission : "none";
}

export async function askPermission() {
    return permission() === "none" ? "none" : Notification.requestPermission();
}

// One for each `tag`; a later one takes its place. null where the browser shows none: it may not, or can only by
// a service worker, as on Android.
export function notify(title, body, tag, opened) {
    const text = [...body].length > EXCERPT ? `${[...body].slice(0, EXCERPT).join("")}…` : body;
    if (permission() !== "granted") {
        return null;
    }
    try {
        const notification = new Notification(title, { body: text, tag, renotify: true, silent: true, dir: "auto" });
        notification.addEventListener("click", () => {
            window.focus();
            notification.close();
            opened?.();
        });
        return notification;
    } catch {
        return null;
    }
}

let audio = null;
let last = -QUIET_MS;

// Two soft tones; none while the browser wants to see a click in this page first.
export function beep() {
    if (performance.now() - last < QUIET_MS || !("AudioContext" in globalThis)) {
        return;
    }
    audio ??= new AudioContext();
    if (audio.state === "suspended") {
        audio.resume().catch(() => {});
        if (!navigator.userActivation?.hasBeenActive) {
            return;
        }
    }
    last = performance.now();
    TONES.forEach(([pitch, after]) => tone(pitch, audio.currentTime + after));
}

function tone(pitch, at) {
    const source = audio.createOscillator();
    const volume = audio.createGain();
    source.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(LOUD, at + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    source.connect(volume).connect(audio.destination);
    source.start(at);
    source.stop(at + 0.22);
}
