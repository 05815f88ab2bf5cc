// Parts by others that every page uses. Slipway's own modules are served as they are from static/js/.
import { Collapse, Dropdown, Modal, Offcanvas, Tab, Toast, Tooltip } from "bootstrap";
import htmx from "htmx.org";

window.bootstrap = { Collapse, Dropdown, Modal, Offcanvas, Tab, Toast, Tooltip };
window.htmx = htmx;
