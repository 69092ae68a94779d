/* The review page: shows one row, sends one answer, shows the next when that answer is on disk.
   What comes from the data is only ever put in as text. */
(function () {
  "use strict";
  var now = null, classes = [], keyed = {}, stack = [], last = null, pending = null, busy = false, since = 0;
  function at(id) { return document.getElementById(id); }
  function made(tag, text, kind) {
    var e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    if (kind) e.className = kind;
    return e;
  }

  // -- what a row looks like ------------------------------------------------------------------------------------------

  function picture(shown) {
    var image = made("img", undefined, shown.tiny ? "picture tiny" : "picture");
    image.src = shown.uri;
    image.alt = shown.alt;
    return image;
  }
  function example(shown, long) {
    if (shown.uri) return picture(shown);
    if (shown.cells.length) {
      var cells = made("dl", undefined, "cells");
      shown.cells.forEach(function (c) {
        var value = made("dd", c.value);
        if (c.aside) value.append(made("i", c.aside));
        cells.append(made("dt", c.name), value);
      });
      return reachable(cells, long, "The row's cells");
    }
    if (shown.text) return reachable(made("p", shown.text, "text"), long, "The row's text");
    return made("div", shown.why, "unopened");
  }
  function reachable(box, long, name) {
    if (long) { box.tabIndex = 0; box.setAttribute("role", "region"); box.setAttribute("aria-label", name); }
    return box;
  }
  function show(row) {
    now = row;
    since = performance.now();
    at("row").hidden = !row;
    at("end").hidden = !!row;
    document.querySelector(".enough").hidden = !row;
    open(false);
    if (!row) { tell("All rows of this queue are settled."); at("end").focus(); return; }
    at("name").textContent = row.name;
    at("given").textContent = row.given;
    at("suggested").textContent = row.suggested;
    act("keep").querySelector("b").textContent = row.given;
    act("suggest").querySelector("b").textContent = row.suggested;
    at("shown").replaceChildren(example(row.shown, true));
    at("facts").replaceChildren();
    row.facts.forEach(function (f) { at("facts").append(made("dt", f.what), made("dd", f.said)); });
    document.querySelector(".near-rows").hidden = !row.near.length;
    at("near").replaceChildren.apply(at("near"), row.near.map(function (n) {
      var figure = made("figure");
      figure.append(made("b", n.heading), example(n.shown, false));
      if (n.aside) figure.append(made("figcaption", n.aside, "muted"));
      return figure;
    }));
    tell(row.name + ", labelled " + row.given + ", looks like " + row.suggested);
  }
  function stepped(step) {
    var line = made("li", step.text), command = made("code");
    step.command.match(/--?[\w-]+ [^-\s]\S*|\S+/g).forEach(function (word) { command.append(made("span", word), " "); });
    line.append(command);
    return line;
  }
  function act(name) { return document.querySelector("#row [data-act=" + name + "]"); }
  function tell(text) { at("told").textContent = text; }

  // -- progress -------------------------------------------------------------------------------------------------------

  function progress(said) {
    at("progress").max = Math.max(said.total, 1);
    at("progress").value = said.done;
    var left = said.total - said.done ? ", " + time(said.seconds_left) + " left" : "";
    at("left").textContent = said.done.toLocaleString("en") + " of " + said.total.toLocaleString("en") + " settled" + left;
    if (said.last !== undefined) last = said.last;
    document.querySelectorAll("[data-act=undo]").forEach(function (b) {
      b.setAttribute("aria-disabled", String(!stack.length && !last));
    });
  }
  function time(seconds) {
    if (seconds < 90) return "about " + Math.max(1, Math.round(seconds)) + " s";
    var minutes = Math.round(seconds / 60);
    return minutes < 120 ? "about " + minutes + " min" : "about " + Math.round(minutes / 60) + " h";
  }

  // -- talking to the server ------------------------------------------------------------------------------------------

  function ask(where, body, done) {
    var said = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    busy = true;
    fetch(where, said || undefined).then(function (answer) {
      return answer.json().then(function (values) {
        if (!answer.ok) throw new Refused(values.error);
        return values;
      });
    }).then(function (values) {
      pending = null;
      busy = false;
      at("problem").hidden = true;
      done(values);
    }).catch(function (wrong) {
      busy = false;
      pending = [where, body, done];
      problem(wrong instanceof Refused ? "Not kept: " + wrong.message : "The server does not answer. This answer is not " +
        "kept yet; every one before it is. If the server has ended, start assay review again and go on where you were.");
    });
  }
  function Refused(message) { this.message = message; }
  function problem(text) {
    at("problem").hidden = false;
    at("problem").querySelector("span").textContent = text;
  }
  at("retry").onclick = function () { if (pending && !busy) ask.apply(null, pending); };
  function decide(verdict, label) {
    if (busy || !now) return;
    var said = { id: crypto.randomUUID(), row: now.row, verdict: verdict, seconds: (performance.now() - since) / 1000 };
    if (label !== undefined) said.label = label;
    ask("decide", said, function (values) {
      stack.push({ id: said.id, row: said.row });
      progress(values);
      show(values.row);
    });
  }
  function undo() {
    var taken = stack.length ? stack[stack.length - 1] : last;
    if (busy || !taken) return;
    ask("undo", { id: crypto.randomUUID(), undo: taken.id, row: taken.row }, function (values) {
      stack.pop();
      progress(values);
      show(values.row);
    });
  }

  // -- another label --------------------------------------------------------------------------------------------------

  var options = [], chosen = 0;
  function open(wanted) {
    at("picker").hidden = !wanted;
    act("other").setAttribute("aria-expanded", String(wanted));
    if (wanted) { at("typed").value = ""; filter(); at("typed").focus(); }
    else if (document.activeElement === at("typed")) at("typed").blur();
  }
  function filter() {
    var typed = at("typed").value.toLowerCase();
    var starts = classes.filter(function (c) { return c.shown.toLowerCase().startsWith(typed); });
    var inside = classes.filter(function (c) { return c.shown.toLowerCase().indexOf(typed) > 0; });
    options = starts.concat(inside).slice(0, 50);
    choose(0);
  }
  function choose(place) {
    chosen = Math.min(Math.max(place, 0), Math.max(options.length - 1, 0));
    at("options").replaceChildren.apply(at("options"), options.map(function (one, i) {
      var item = made("li", one.shown);
      item.id = "option-" + i;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(i === chosen));
      item.onclick = function () { decide("relabel", one.label); };
      return item;
    }));
    if (!options.length) at("options").append(made("li", "no such label", "none"));
    at("typed").setAttribute("aria-activedescendant", options.length ? "option-" + chosen : "");
    if (options.length) at("options").children[chosen].scrollIntoView({ block: "nearest" });
  }
  at("typed").oninput = filter;
  at("typed").onkeydown = function (event) {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") { open(false); act("other").focus(); }
    else if (event.key === "Enter") { if (options.length) decide("relabel", options[chosen].label); }
    else return;
    event.preventDefault();
  };
  function strip() {
    var digits = classes.every(function (c) { return /^[0-9]$/.test(c.label); });
    if (classes.length > 10) return;
    classes.forEach(function (one, i) {
      var key = digits ? one.label : String((i + 1) % 10), button = made("button");
      keyed[key] = one.label;
      button.type = "button";
      button.append(made("kbd", key));
      if (!digits) button.append(made("span", one.shown));
      else button.setAttribute("aria-label", "label " + one.shown);
      button.onclick = function () { decide("relabel", one.label); };
      at("strip").append(button);
    });
    at("strip").hidden = false;
    at("digits").append(made("kbd", digits ? "0" : "1"), " to ", made("kbd", digits ? "9" : String(classes.length % 10)),
      " that label, ");
  }

  // -- keys and buttons -----------------------------------------------------------------------------------------------

  var acts = {
    keep: function () { decide("keep"); },
    suggest: function () { if (now) decide("relabel", now.suggestion); },
    other: function () { if (now) open(at("picker").hidden); },
    drop: function () { decide("drop"); },
    unsure: function () { decide("unsure"); },
    undo: undo
  };
  var keys = { k: "keep", s: "suggest", o: "other", d: "drop", "?": "unsure", u: "unsure", z: "undo" };
  document.querySelectorAll("[data-act]").forEach(function (button) { button.onclick = acts[button.dataset.act]; });
  document.addEventListener("keydown", function (event) {
    if (!at("keys").checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target === at("typed")) return;
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (keys[key]) acts[keys[key]]();
    else if (Object.hasOwn(keyed, key) && now) decide("relabel", keyed[key]);
    else return;
    event.preventDefault();
  });

  ask("state", null, function (values) {
    classes = values.classes;
    at("reviewer").textContent = "reviewer " + values.reviewer;
    document.querySelectorAll(".steps").forEach(function (list) { list.append.apply(list, values.steps.map(stepped)); });
    strip();
    progress(values);
    show(values.row);
  });
})();
