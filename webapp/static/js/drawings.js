// For pages that only show drawings: draws every one of them.
import { mountDrawings } from "./graph/mount.js";

mountDrawings();
