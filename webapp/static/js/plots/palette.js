// Colours of lines that stand for no method: seeds, workers, chosen candidates.
export const LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B87A00", "#3E8FC4", "#7A5195", "#A04000"];
