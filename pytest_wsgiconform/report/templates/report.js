"use strict";
(() => {
  const form = document.getElementById("filter");
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const nothing = document.querySelector(".nothing");
  const groups = [...document.querySelectorAll(".group")].map((element) => ({
    element,
    rules: [...element.querySelectorAll(".rule")].map((rule) => ({
      element: rule,
      section: rule.dataset.section,
      state: rule.dataset.state,
      head: rule.querySelector("summary").textContent.toLowerCase(),
      findings: [...rule.querySelectorAll(".finding")].map((finding) => ({
        element: finding,
        level: finding.dataset.level,
        blame: finding.dataset.blame,
        text: null,
      })),
    })),
  }));
  const rows = [...document.querySelectorAll(".matrix tbody tr")];
  const total = document.querySelectorAll(".finding").length;

  const textOf = (finding) => (finding.text ??= finding.element.textContent.toLowerCase());

  const wanted = () => {
    const data = new FormData(form);
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    return { words, level: data.get("level"), blame: data.get("blame"), section: data.get("section"), state: data.get("state") };
  };

  // A rule is shown when one of its findings is, or when its own head fits and no finding was asked for.
  const applyToRule = (rule, want) => {
    const fits = (!want.section || rule.section === want.section) && (!want.state || rule.state === want.state);
    const headHas = want.words.filter((word) => !rule.head.includes(word));
    let visible = 0;
    for (const finding of rule.findings) {
      const ok = fits && (!want.level || finding.level === want.level) && (!want.blame || finding.blame === want.blame) &&
        headHas.every((word) => textOf(finding).includes(word));
      if (finding.element.hidden === ok) finding.element.hidden = !ok;
      if (ok) visible += 1;
    }
    const ok = visible > 0 || (fits && !want.level && !want.blame && headHas.length === 0);
    rule.element.hidden = !ok;
    return [ok, visible];
  };

  const apply = () => {
    const want = wanted();
    const narrowed = Object.values(want).some((value) => value.length > 0);
    const found = [];
    let findings = 0;
    let any = false;
    for (const group of groups) {
      let some = false;
      for (const rule of group.rules) {
        const [ok, visible] = applyToRule(rule, want);
        some ||= ok;
        if (visible) found.push(rule.element);
        findings += visible;
      }
      group.element.hidden = !some;
      any ||= some;
    }
    // What was looked for is shown, unless it is so much that showing it would take long.
    if (narrowed && findings <= 100) for (const element of found) element.querySelector("details").open = true;
    for (const row of rows) row.hidden = Boolean(want.section) && row.dataset.section !== want.section;
    nothing.hidden = any;
    shown.textContent = findings === total ? `${total} findings` : `${findings} of ${total} findings`;
  };

  const open = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (element.classList.contains("rule")) element.querySelector("details").open = true;
  };

  // A link into the page must lead somewhere even when a filter or a closed part hides it.
  const follow = () => {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const element = name && document.getElementById(name);
    if (!element) return;
    if (element.closest("[hidden]")) { form.reset(); apply(); }
    open(element);
    element.scrollIntoView();
    if (element.classList.contains("finding")) element.focus({ preventScroll: true });
  };

  const step = (by) => {
    const all = [...document.querySelectorAll(".finding")].filter((finding) => !finding.closest("[hidden]"));
    if (!all.length) return;
    const here = document.activeElement.closest(".finding");
    const next = here ? all.indexOf(here) + by : by > 0 ? 0 : all.length - 1;
    const finding = all[Math.min(Math.max(next, 0), all.length - 1)];
    open(finding);
    finding.scrollIntoView({ block: "center" });
    finding.focus({ preventScroll: true });
  };

  const clear = () => { form.reset(); apply(); };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { clear(); document.activeElement.blur(); return; }
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "o") {
      const evidence = document.activeElement.closest(".finding")?.querySelector(".evidence");
      if (evidence) evidence.open = !evidence.open;
    }
  });

  let pending = 0;
  form.addEventListener("input", () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(apply); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll(".rule > details, .evidence, .about")) details.open = true;
  });

  form.hidden = false;
  document.querySelector(".keys").hidden = false;
  shown.textContent = `${total} findings`;
  follow();
})();
