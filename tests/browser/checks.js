// What is wrong with this page, in words; run inside it.

const LARGE_PX = 24, LARGE_BOLD_PX = 18.66, TEXTS_AT_MOST = 400;
// What Django's admin writes without a label, a scope or a name; the page has no say.
// Dates stand in a fieldset whose legend names them, cells of a list under their column.
const DJANGOS = ".vDateField, .vTimeField, #result_list tbody th, #result_list tbody input, .calendarbox th, .inline-group th, .inline-group input, .inline-group select";
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const known = new Map();

// A colour in any notation as red, green, blue and alpha, 0 to 255.
function rgba(colour) {
  if (!known.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    known.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
  }
  return known.get(colour);
}

function over([r, g, b, a], under) {
  const share = a / 255;
  return [r, g, b].map((value, place) => value * share + under[place] * (1 - share));
}

// What lies behind the text of an element; null where that is a picture.
function backdrop(element) {
  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    const style = getComputedStyle(each);
    if (style.backgroundImage !== "none" && each.tagName !== "SELECT" && each.tagName !== "INPUT") return null;
    const colour = rgba(style.backgroundColor);
    if (colour[3]) layers.push(colour);
    if (colour[3] === 255) break;
  }
  return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255]);
}

function luminance(colour) {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function shown(element) {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
}

function named(element) {
  const text = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
  const id = element.id ? `#${element.id}` : "";
  const kind = element.getAttribute("class") ? `.${element.getAttribute("class").trim().split(/\s+/).join(".")}` : "";
  return `${element.tagName.toLowerCase()}${id}${kind} "${text}"`;
}

function all(selector) {
  return [...document.querySelectorAll(selector)];
}

function textsOfLowContrast() {
  const found = [], seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && seen.size < TEXTS_AT_MOST; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("svg, script, style, noscript, option, [aria-hidden=true]")) continue;
    if (element.closest(":disabled, [aria-disabled=true]") || !shown(element)) continue;
    const style = getComputedStyle(element), behind = backdrop(element);
    if (!behind) continue;
    const looks = [style.color, style.fontSize, style.fontWeight, behind].join("|");
    if (seen.has(looks)) continue;
    seen.add(looks);
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight, 10) >= 700;
    const least = size >= LARGE_PX || (bold && size >= LARGE_BOLD_PX) ? 3 : 4.5;
    const ratio = contrast(over(rgba(style.color), behind), behind);
    if (ratio < least) found.push(`contrast ${ratio.toFixed(2)} of ${named(element)}: ${style.color} on ${behind.map(Math.round)}`);
  }
  return found;
}

function controlsWithoutLabel() {
  return all("input:not([type=hidden], [type=submit], [type=button], [type=reset], [type=image]), select, textarea")
    .filter((each) => each.checkVisibility() && !each.matches(DJANGOS) && !each.labels?.length && !each.ariaLabel && !each.getAttribute("aria-labelledby") && !each.title)
    .map((each) => `no label: ${each.tagName.toLowerCase()} ${each.name}`);
}

function picturesWithoutName() {
  const images = all("img").filter((each) => !each.hasAttribute("alt"));
  const drawings = all("svg").filter((each) => !each.closest("[aria-hidden=true]") && !each.ariaLabel
    && !each.getAttribute("aria-labelledby") && !each.querySelector(":scope > title"));
  return [...images, ...drawings].filter(shown).map((each) => `no name: ${named(each)}`);
}

function buttonsWithoutName() {
  return all("a[href], button, input[type=submit], input[type=button], summary")
    .filter((each) => shown(each) && !(each.textContent.trim() || each.value || each.ariaLabel || each.title
      || each.getAttribute("aria-labelledby") || each.querySelector("img[alt]:not([alt='']), [title], [aria-label]")))
    .map((each) => `no name: ${named(each)}`);
}

function headersWithoutScope() {
  return all("th:not([scope])").filter((each) => each.textContent.trim() && shown(each) && !each.matches(DJANGOS)).map((each) => `no scope: ${named(each)}`);
}

function headings() {
  const found = all("h1").filter(shown);
  return found.length === 1 ? [] : [`${found.length} h1: ${found.map(named).join(", ")}`];
}

function overflow() {
  const wide = document.scrollingElement.scrollWidth, room = window.innerWidth;
  if (wide <= room) return [];
  const widest = all("body *").filter((each) => each.getBoundingClientRect().right > room + 1 && shown(each));
  return [`${wide} px of content in ${room}: ${widest.slice(0, 4).map(named).join(", ")}`];
}

function appearance(element) {
  const style = getComputedStyle(element);
  const outline = style.outlineStyle === "none" || style.outlineWidth === "0px" ? "" : `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`;
  return [outline, style.boxShadow, style.borderColor, style.backgroundColor, style.color, style.textDecorationLine].join("|");
}

// One of each kind of what can be focused: does it show, and can it be reached?
function focus() {
  const found = [], seen = new Set(), before = document.activeElement;
  for (const each of all("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")) {
    if (!shown(each) || each.matches(":disabled, [tabindex='-1']")) continue;
    if (each.tabIndex > 0) found.push(`out of order: ${named(each)}`);
    const kind = [each.tagName, each.type, each.className, each.parentElement.className].join("|");
    if (seen.has(kind)) continue;
    seen.add(kind);
    before?.blur();
    document.activeElement?.blur();
    const plain = appearance(each);
    each.focus({ focusVisible: true, preventScroll: true });
    if (document.activeElement !== each) found.push(`not to be focused: ${named(each)}`);
    else if (appearance(each) === plain) found.push(`focus does not show: ${named(each)}`);
    each.blur();
  }
  return found;
}

function allProblems(withFocus) {
  return [...overflow(), ...headings(), ...controlsWithoutLabel(), ...headersWithoutScope(),
    ...picturesWithoutName(), ...buttonsWithoutName(), ...textsOfLowContrast(), ...(withFocus ? focus() : [])];
}
