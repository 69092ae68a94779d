(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const [form] = all(".controls"), block = form?.parentNode, picks = all(".controls select");
  const decoded = text => { try { return decodeURIComponent(text); } catch { return text; } };
  const address = wanted => "labels/" + wanted.map(x => encodeURIComponent(x).replace(/~/g, "%7E")).join("~");

  // the cards of one mix-up: given label and suggested one, "" for any
  function filter(wanted) {
    const [told] = all("[data-total]", block), any = wanted.join("") > "";
    const links = all("a[data-n]"), link = links.find(a => a.hash === "#" + address(wanted));
    picks.forEach((pick, i) => pick.value = wanted[i]);
    for (const card of all("figure", block))
      card.hidden = picks.some((pick, i) => wanted[i] && card.dataset[pick.dataset.by] !== wanted[i]);
    all(".more", block).forEach(more => more.open = any);
    links.forEach(a => a.ariaCurrent = a === link ? "true" : null);
    const shown = all(any ? "figure:not([hidden])" : "figure:not(.more *)", block).length;
    told.textContent = `${shown} of ${link ? link.dataset.n : told.dataset.total} shown`;
    form.lastElementChild.hidden = !any;
  }

  // what the address names: a mix-up, or a row, which is unfolded wherever it is
  function go() {
    const name = location.hash.slice(1), pair = /^labels\/(.*)~(.*)$/.exec(name);
    if (block && (pair || name === "labels")) filter(pair ? pair.slice(1).map(decoded) : ["", ""]);
    const at = pair && block || document.getElementById(name) || document.getElementById(decoded(name));
    all("#absent").forEach(told => told.hidden = !!at || !/(^|\/)row-/.test(name));
    if (!at) return;
    const card = at.closest("figure");
    if (card?.hidden) filter(["", ""]);
    for (let up; up = at.closest("details:not([open])");) up.open = true;
    if (card) all(".why", card).forEach(why => why.open = true);
    (card || at).scrollIntoView();
  }

  if (form) {
    form.onchange = () => {
      const wanted = picks.map(pick => pick.value);
      filter(wanted);
      location.hash = wanted.join("") ? address(wanted) : "labels";
    };
    form.hidden = false;
  }
  onhashchange = go;
  onbeforeprint = () => all("details:not(.why, .more)").forEach(folded => folded.open = true);
  go();
})();
