/* Moves the threshold without asking the server. The arithmetic is that of
   metrics/what_if.py, the words those of metrics/what_if_words.py. */
"use strict";

(() => {
  const form = document.getElementById("what-if");
  const slider = document.getElementById("threshold");
  const line = document.getElementById("chosen-line");
  const apply = document.getElementById("apply-threshold");
  const places = Array.from(document.querySelectorAll("[data-figure]"));
  const basis = JSON.parse(form.dataset.basis);
  const money = (texts) => texts.map((text) => BigInt(text));
  const acceptedNusd = money(basis.acceptedNusd);
  const rejectedNusd = money(basis.rejectedNusd);

  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const sumNusd = (numbers) => numbers.reduce((a, b) => a + b, 0n);
  const count = (number) => number.toLocaleString("en-US");

  /* To the even neighbour where two are as near, as Python rounds. */
  const usd = (nusd) => {
    const size = nusd < 0n ? -nusd : nusd;
    const decimals = size >= 1000000000n || size === 0n ? 2 : size >= 10000000n ? 4 : 6;
    const unit = 10n ** BigInt(9 - decimals);
    let units = size / unit;
    const twice = 2n * (size % unit);
    if (twice > unit || (twice === unit && units % 2n === 1n)) units += 1n;
    const digits = units.toString().padStart(decimals + 1, "0");
    const whole = BigInt(digits.slice(0, -decimals)).toLocaleString("en-US");
    return `${nusd < 0n ? "-" : ""}$${whole}.${digits.slice(-decimals)}`;
  };
  const percent = (share) => {
    if (share === null) return "n/a";
    const value = share * 100;
    return `${((value * 4) % 4 === 1 ? value - 0.05 : value).toFixed(1)} %`;
  };

  const outlook = (border) => {
    const gained = sum(basis.rejectedBins.slice(border));
    const lost = sum(basis.acceptedBins.slice(0, border));
    const more = sumNusd(rejectedNusd.slice(border)) - sumNusd(acceptedNusd.slice(0, border));
    const cost = BigInt(basis.costNusd) - more;
    const samples = sum(basis.samples.slice(border));
    const weight = sum(basis.weight.slice(border));
    const enough = samples >= basis.minSamples && weight > 0;
    const accepted = basis.accepted + gained - lost;
    return {
      accepted, gained, lost, more, cost, samples,
      saving: BigInt(basis.baselineNusd) - cost,
      share: basis.cascaded ? accepted / basis.cascaded : null,
      worse: enough ? sum(basis.worseWeight.slice(border)) / weight : null,
    };
  };

  const figures = (border) => {
    const o = outlook(border);
    const threshold = (border / 100).toFixed(2);
    const [accepted, cost, saving] = [percent(o.share), usd(o.cost), usd(o.saving)];
    const size = usd(o.more < 0n ? -o.more : o.more);
    const more = o.more === 0n ? "as it was" : `${size} ${o.more > 0n ? "more" : "less"} than it was`;
    const n = `(n=${count(o.samples)})`;
    return {
      threshold, accepted, cost, saving, more,
      count: `${count(o.accepted)} of ${count(basis.cascaded)}; ${count(o.gained)} more, ${count(o.lost)} fewer`,
      quality: o.worse === null ? `not enough samples ${n}` : `${percent(o.worse)} ${n}`,
      sentence: `At ${threshold}: ${accepted} of drafts accepted, ${cost} spent, ${saving} saved, ${more}.`,
    };
  };

  const show = () => {
    const border = Math.round(Number(slider.value) * 100);
    const told = figures(border);
    for (const place of places) place.textContent = told[place.dataset.figure];
    slider.setAttribute("aria-valuetext", told.threshold);
    if (apply) apply.value = told.threshold;
    const [left, right] = [Number(line.dataset.left), Number(line.dataset.right)];
    const x = String(left + (border / 100) * (right - left));
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  };

  document.getElementById("what-if-submit").hidden = true;
  slider.addEventListener("input", show);
  /* The address is the state of the page, so that it can be sent to a colleague. */
  slider.addEventListener("change", () => {
    const asked = new URLSearchParams(new FormData(form));
    window.history.replaceState(null, "", `?${asked}`);
  });
  show();
})();
