// What is asked of a text.

export const initial = (name) => ([...name][0] ?? "?").toLocaleUpperCase();

export const countChars = (text) => [...text].length;
