// Where the on-screen keyboard covers the page instead of shrinking it, the page shrinks itself, so
// that the message box stays in sight.

export function followKeyboard() {
    const seen = window.visualViewport;
    if (!seen) {
        return;
    }
    const fit = () => {
        const covered = window.innerHeight - seen.height > 80 && seen.scale === 1;
        if (covered) {
            document.documentElement.style.setProperty("--app-height", `${seen.height}px`);
            window.scrollTo(0, 0);
        } else {
            document.documentElement.style.removeProperty("--app-height");
        }
    };
    seen.addEventListener("resize", fit);
    seen.addEventListener("scroll", fit);
}
