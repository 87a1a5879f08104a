// Colours of operations: one hue per family, lightness by kernel size; readable in both themes.
import { vocabulary } from "../vocabulary.js";

const LIGHT = {
  ink: "#1a2230",
  quiet: "#5b6675",
  surface: "#ffffff",
  node: "#eef1f5",
  line: "#c3cbd5",
  added: "#1a7a4c",
  removed: "#b3261e",
};
const DARK = {
  ink: "#e8ecf1",
  quiet: "#a2adba",
  surface: "#1b2027",
  node: "#2b333d",
  line: "#4a5561",
  added: "#67d39b",
  removed: "#ff9a91",
};

export function themeColours() {
  return document.documentElement.dataset.bsTheme === "dark" ? { ...DARK, dark: true } : { ...LIGHT, dark: false };
}

function mix(hex, other, share) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  const parts = [1, 3, 5].map((at) => Math.round(part(hex, at) * (1 - share) + part(other, at) * share));
  return `#${parts.map((p) => p.toString(16).padStart(2, "0")).join("")}`;
}

// Larger kernels are darker on light pages and lighter on dark ones.
export function edgeColour(family, kernel, dark) {
  const base = (vocabulary().families[family] ?? { colour: "#6b7685" }).colour;
  const steps = kernel ? Math.min(3, Math.max(0, (kernel - 1) / 2)) : 1;
  return dark
    ? mix(base, "#ffffff", 0.22 + 0.14 * steps)
    : mix(base, steps < 1 ? "#ffffff" : "#000000", steps < 1 ? 0.2 : 0.17 * (steps - 1));
}

export function edgeDash(family) {
  return (vocabulary().families[family] ?? { dash: "" }).dash;
}

export function familyLabel(family) {
  return (vocabulary().families[family] ?? { label: family }).label;
}
