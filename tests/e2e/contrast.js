// Returns the texts whose contrast with what is behind them is below 4.5, each with the ratio found.
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const luminance = (color) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const ratio = (color, under) => {
    const [high, low] = [luminance(over(color, under)), luminance(under)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  const note = (words, color, element) => {
    const is = ratio(rgba(color), behind(element));
    if (is < 4.5) found.push(`${words.trim().slice(0, 40)}: ${is.toFixed(2)}`);
  };
  for (const element of document.querySelectorAll("main *, aside *")) {
    const words = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("");
    if (words.trim() && element.checkVisibility() && !element.closest("[disabled]")) {
      note(words, getComputedStyle(element).color, element);
    }
    if (element.placeholder) {
      note(element.placeholder, getComputedStyle(element, "::placeholder").color, element);
    }
  }
  return [...new Set(found)];
}
