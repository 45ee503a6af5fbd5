// Times as the reader's clock and language have them.

const MINUTE_MS = 60000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const near = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const clockTime = (ms) => clock.format(ms);
export const wholeTime = (ms) => whole.format(ms);

const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);
export const sameDay = (a, b) => midnight(a) === midnight(b);

const capital = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

// "Today", "Yesterday", "Monday, 3 March", "3 March 2024"
export function dayLabel(ms, now = Date.now()) {
    const days = Math.round((midnight(now) - midnight(ms)) / (24 * 60 * MINUTE_MS));
    if (days === 0 || days === 1) {
        return capital(near.format(-days, "day"));
    }
    return new Date(ms).getFullYear() === new Date(now).getFullYear() ? day.format(ms) : dayAndYear.format(ms);
}

// "7 minutes ago"
export function ago(ms, now = Date.now()) {
    const minutes = Math.round((now - ms) / MINUTE_MS);
    return minutes < 60 ? near.format(-minutes, "minute") : near.format(-Math.round(minutes / 60), "hour");
}
