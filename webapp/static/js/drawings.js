// Draws every architecture of a page that has no other script.
import { mountDrawings } from "./graph/mount.js";

mountDrawings();
