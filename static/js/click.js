// A click that asks for nothing special: with a key or another button a link is the browser's to open.
export const isPlainClick = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
