// Parts by others that every page uses. Slipway's own modules are served as they are from static/js/.
import htmx from "htmx.org";

window.htmx = htmx;
