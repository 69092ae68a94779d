(function () {
  document.querySelectorAll(".controls").forEach(function (controls) {
    var block = controls.parentNode, cards = block.querySelectorAll("figure"), told = block.querySelector("[data-total]");
    function filter() {
      var shown = 0, wanted = [].slice.call(controls.querySelectorAll("select")).filter(function (s) { return s.value; });
      cards.forEach(function (card) {
        card.hidden = wanted.some(function (s) { return card.dataset[s.dataset.by] !== s.value; });
        shown += !card.hidden;
      });
      told.textContent = shown + " of " + told.dataset.total + " shown";
    }
    controls.onchange = filter;
    controls.hidden = false;
  });
  function unfold() {
    var named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named && named.tagName === "DETAILS") named.open = true;
  }
  addEventListener("hashchange", unfold);
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.why)").forEach(function (d) { d.open = true; });
  });
  unfold();
})();
