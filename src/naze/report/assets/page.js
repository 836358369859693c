// Reads the votes embedded in the page and shows them. Every text from outside becomes a text node, never markup.
(() => {
  const { embedded, make, switchTheme, restoreTheme, isLong } = naze;
  const texts = embedded("texts"), about = embedded("about"), votes = embedded("data");
  const BATCH = 20;
  const BRIEF = 900; // letters of the longer response; beside shorter ones the explanation would run down a narrow column
  const OUTCOMES = ["a", "b", "tie", "both_bad", "none"];
  const STATUSES = ["answered", "invalid", "overflow", "error", "open", "shortened", "routed", "cut", "faulty", "twice"];
  const byId = (id) => document.getElementById(id);
  const list = byId("votes"), search = byId("search");
  const state = { language: about.language, query: "", filters: {}, found: votes, start: 0, end: 0, current: -1 };

  const say = (key, values = {}) =>
    texts[state.language][key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const number = (value, digits = 0) =>
    new Intl.NumberFormat(state.language, { maximumFractionDigits: digits }).format(value);

  // ---- a small, safe part of Markdown: headings, lists, quotes, code, bold, italics

  const inline = (text) => {
    const parts = [];
    const pattern = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*(?=\S)([\s\S]*?\S)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*])/g;
    let end = 0;
    for (const found of text.matchAll(pattern)) {
      if (found.index > end) parts.push(text.slice(end, found.index));
      if (found[2] !== undefined) parts.push(make("code", {}, found[2]));
      else if (found[3] !== undefined) parts.push(make("strong", {}, inline(found[3])));
      else parts.push(make("em", {}, inline(found[4])));
      end = found.index + found[0].length;
    }
    if (end < text.length) parts.push(text.slice(end));
    return parts;
  };

  const BLOCKS = {
    fence: /^\s*(```+|~~~+)/, heading: /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/, rule: /^\s*([-*_])(\s*\1){2,}\s*$/,
    quote: /^\s*>\s?(.*)$/, item: /^(\s*)([-*+・•]|\d{1,3}[.)])\s+(.*)$/,
  };
  const startsBlock = (line) => Object.values(BLOCKS).some((pattern) => pattern.test(line));

  const readItems = (lines, at) => {
    const root = [], levels = [];
    let place = at;
    for (; place < lines.length; place++) {
      const found = BLOCKS.item.exec(lines[place]);
      if (found && !BLOCKS.rule.test(lines[place])) {
        const indent = found[1].replace(/\t/g, "    ").length, ordered = /\d/.test(found[2]);
        while (levels.length && indent < levels.at(-1).indent) levels.pop();
        if (levels.length && indent <= levels.at(-1).indent + 1 && levels.at(-1).ordered !== ordered) levels.pop();
        if (!levels.length || indent > levels.at(-1).indent + 1) {
          const element = make(ordered ? "ol" : "ul", ordered ? { start: parseInt(found[2], 10) } : {});
          (levels.length ? levels.at(-1).element.lastElementChild : { append: (e) => root.push(e) }).append(element);
          levels.push({ indent, element, ordered });
        }
        levels.at(-1).element.append(make("li", {}, inline(found[3])));
      } else if (lines[place].trim() && /^\s{2,}/.test(lines[place]) && !startsBlock(lines[place])) {
        levels.at(-1).element.lastElementChild.append(" ", ...inline(lines[place].trim()));
      } else if (lines[place].trim() || !BLOCKS.item.test(lines[place + 1] ?? "")) break;
    }
    return [root, place];
  };

  const readFence = (lines, at) => {
    const mark = BLOCKS.fence.exec(lines[at])[1];
    let end = at + 1;
    while (end < lines.length && !lines[end].trim().startsWith(mark)) end++;
    return [[make("pre", {}, make("code", {}, lines.slice(at + 1, end).join("\n")))], end + 1];
  };

  const readWhile = (lines, at, wanted, strip) => {
    let end = at;
    while (end < lines.length && wanted(lines[end])) end++;
    return [lines.slice(at, end).map(strip).join("\n"), end];
  };

  const lineBreaks = (text) => text.split("\n").flatMap((line, place) => (place ? [make("br"), ...inline(line)] : inline(line)));

  const readBlock = (lines, at) => {
    const line = lines[at];
    if (BLOCKS.fence.test(line)) return readFence(lines, at);
    const heading = BLOCKS.heading.exec(line);
    if (heading) return [[make("h4", {}, inline(heading[2]))], at + 1];
    if (BLOCKS.rule.test(line)) return [[make("hr")], at + 1];
    if (BLOCKS.quote.test(line)) {
      const [text, end] = readWhile(lines, at, (l) => BLOCKS.quote.test(l), (l) => BLOCKS.quote.exec(l)[1]);
      return [[make("blockquote", {}, lineBreaks(text))], end];
    }
    if (BLOCKS.item.test(line)) return readItems(lines, at);
    const [text, end] = readWhile(lines, at, (l) => l.trim() && !startsBlock(l), (l) => l.trim());
    return [[make("p", {}, lineBreaks(text))], end];
  };

  const markdown = (text) => {
    const lines = text.replace(/\r\n?/g, "\n").split("\n"), nodes = [];
    for (let at = 0; at < lines.length; ) {
      if (!lines[at].trim()) { at++; continue; }
      const [made, end] = readBlock(lines, at);
      nodes.push(...made);
      at = Math.max(end, at + 1);
    }
    return nodes;
  };

  // ---- searching and filtering

  const simplify = (text) => text.normalize("NFKC").toLowerCase();
  const haystacks = new Array(votes.length);
  const haystack = (vote) =>
    (haystacks[vote.place] ??= simplify(
      [vote.id, ...vote.prompt, ...vote.a, ...vote.b, vote.model_a, vote.model_b, vote.text, ...Object.values(vote.reason ?? {})].filter(Boolean).join("\n"),
    ));
  const words = () => simplify(state.query).split(/\s+/).filter(Boolean);

  const statuses = (vote) => [
    vote.status,
    ...(vote.fit === "shortened" || vote.fit === "routed" ? [vote.fit] : []),
    ...(vote.finish === "length" ? ["cut"] : []),
    ...(vote.marks ? ["faulty"] : []),
    ...(vote.twice ? ["twice"] : []),
  ];
  const FILTERS = {
    outcome: { of: (vote) => [vote.winner ?? "none"], name: (value) => say(`outcome_${value}`), order: OUTCOMES },
    status: { of: statuses, name: (value) => say(`status_${value}`), order: STATUSES },
    language: { of: (vote) => [vote.language ?? ""], name: (value) => languageName(value) },
    model: { of: (vote) => [...new Set([vote.model_a, vote.model_b].filter(Boolean))], name: (value) => value },
  };
  const languageName = (code) => {
    if (!code) return say("language_unknown");
    try { return new Intl.DisplayNames([state.language], { type: "language" }).of(code) ?? code; } catch { return code; }
  };

  const passes = (vote) => Object.entries(state.filters).every(([name, value]) => FILTERS[name].of(vote).includes(value));
  const refresh = () => {
    const wanted = words();
    state.found = votes.filter((vote) => passes(vote) && wanted.every((word) => haystack(vote).includes(word)));
    state.current = -1;
    const all = number(votes.length);
    byId("shown").textContent =
      state.found.length === votes.length ? say("shown_all", { all }) : say("shown", { shown: number(state.found.length), all });
    showFrom(0);
  };

  const highlight = (element) => {
    const wanted = [...new Set([...words(), ...state.query.toLowerCase().split(/\s+/).filter(Boolean)])];
    if (!wanted.length) return;
    const pattern = new RegExp(wanted.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "giu");
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), nodes = [];
    while (walker.nextNode()) if (walker.currentNode.parentElement.closest(".text, .markdown")) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const found = [...node.data.matchAll(pattern)];
      for (const hit of found.reverse()) {
        const rest = node.splitText(hit.index);
        rest.splitText(hit[0].length);
        const mark = make("mark");
        rest.replaceWith(mark);
        mark.append(rest);
      }
    }
  };

  // ---- one vote

  const quoted = (text, quotes) => {
    const parts = [];
    let rest = text;
    for (const quote of quotes.filter((one) => text.includes(one)).sort((x, y) => text.indexOf(x) - text.indexOf(y))) {
      const at = rest.indexOf(quote);
      if (at < 0) continue;
      parts.push(rest.slice(0, at), make("span", { class: "quoted", title: say("quoted") }, quote));
      rest = rest.slice(at + quote.length);
    }
    return [...parts, rest];
  };

  const textOf = (text, kind, quotes = []) => {
    if (text === null || text === undefined) return make("div", { class: "text missing" }, say(`null_${kind}`));
    if (!text.trim()) return make("div", { class: "text missing" }, say(`empty_${kind}`));
    return make("div", { class: isLong(text) ? "text long" : "text", dir: "auto" }, quoted(text, quotes));
  };

  const MARKS = { tie: ["even", "mark_tie", "="], both_bad: ["bad", "mark_both_bad", "✕"] };
  const markOf = (vote, side) => (vote.winner === side ? ["won", "mark_chosen", "✓"] : MARKS[vote.winner] ?? ["", null, ""]);

  const response = (vote, side, text) => {
    const [kind, mark, sign] = markOf(vote, side);
    return make("section", { class: `response ${side} ${kind}` },
      make("h3", {}, make("span", { class: "side" }, say(`response_${side}`)),
        vote[`model_${side}`] ? make("span", { class: "by" }, vote[`model_${side}`]) : null,
        mark ? make("span", { class: "badge" }, `${sign} ${say(mark)}`) : null),
      textOf(text, "response", vote.quotes?.[side]));
  };

  const turn = (vote, place, count) => {
    const [prompt, a, b] = [vote.prompt[place], vote.a[place], vote.b[place]];
    const long = [prompt, a, b].some((text) => isLong(text));
    const element = make("div", { class: long ? "turn folds" : "turn" },
      count > 1 ? make("p", { class: "turn-number" }, say("turn", { n: place + 1, of: count })) : null,
      make("section", { class: "prompt" }, make("h3", {}, say("prompt")), textOf(prompt, "prompt")),
      response(vote, "a", a), response(vote, "b", b));
    if (long) {
      const button = make("button", { type: "button", class: "more", "aria-expanded": "false" }, say("expand"));
      button.addEventListener("click", () => open(element, !element.classList.contains("open")));
      element.append(button);
    }
    return element;
  };
  const open = (element, isOpen) => {
    element.classList.toggle("open", isOpen);
    const button = element.querySelector(".more");
    button.textContent = say(isOpen ? "collapse" : "expand");
    button.setAttribute("aria-expanded", String(isOpen));
  };

  const notes = (vote) => {
    const counts = { tokens: number(vote.tokens ?? 0), whole: number(vote.whole_tokens ?? 0), limit: number(vote.limit_tokens ?? 0) };
    const said = [];
    if (vote.fit === "shortened" || vote.fit === "routed")
      said.push(say(vote.whole_tokens ? vote.fit : `${vote.fit}_uncounted`, counts));
    if (vote.finish === "length") said.push(say("cut"));
    if (vote.marks) said.push(say("faults", { faults: vote.marks.map((name) => say(`fault_${name}`)).join(say("faults_between")) }));
    if (vote.twice) said.push(say("twice"));
    return said.map((text) => make("p", { class: "note" }, text));
  };

  const why = (vote) => {
    const inner = make("div", { class: "why-inner" }, make("h3", {}, say("explanation")), notes(vote));
    const written = () => make("div", { class: "markdown", lang: about.answer_language, dir: "auto" }, markdown(vote.text));
    if (vote.status === "answered") inner.append(written());
    else {
      const reason = vote.status === "open" ? say("open_reason") : vote.reason?.[state.language] ?? "";
      inner.append(make("p", { class: vote.status === "open" ? "note" : "note failed" },
        make("b", {}, vote.status === "open" ? say("status_open") : `${say("failed")}: ${say(`status_${vote.status}`)}`), reason));
      if (vote.text) inner.append(make("h3", {}, say("what_it_wrote")), written());
    }
    if (vote.status !== "open" && vote.prompt_tokens)
      inner.append(make("p", { class: "made" }, say("made", {
        prompt: number(vote.prompt_tokens), generated: number(vote.generated_tokens), seconds: number(vote.seconds, 1) })));
    return make("aside", { class: "why", "aria-label": say("explanation") }, inner);
  };

  const card = (vote) => {
    const count = Math.max(vote.prompt.length, vote.a.length, vote.b.length);
    const outcome = vote.winner ?? "none";
    const length = (turns) => turns.reduce((sum, text) => sum + (text ?? "").length, 0);
    const brief = Math.max(length(vote.a), length(vote.b)) < Math.max(BRIEF, 1.5 * (vote.text ?? "").length);
    const element = make("article", { class: brief ? "vote brief" : "vote", id: `vote-${vote.id}`, "data-place": vote.place },
      make("header", { class: "vote-head" },
        make("span", { class: "outcome" }, make("i", { class: `dot is-${outcome}` }), say(`outcome_${outcome}`)),
        vote.language ? make("span", {}, languageName(vote.language)) : null,
        vote.source ? make("span", {}, vote.source) : null,
        make("a", { class: "id", href: `#vote-${encodeURIComponent(vote.id)}`, title: say("permalink") }, `# ${vote.id}`)),
      make("div", { class: "vote-body" },
        make("div", { class: "turns" }, Array.from({ length: count }, (_, place) => turn(vote, place, count))), why(vote)));
    highlight(element);
    return element;
  };

  // ---- the list: only a window of it is in the page

  const tail = make("div", { "aria-hidden": "true" });
  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "1500px" });
  const append = (votesToShow) => tail.before(...votesToShow.map(card));
  const more = (count = BATCH) => {
    const next = state.found.slice(state.end, state.end + count);
    if (!next.length) return;
    append(next);
    state.end += next.length;
    watcher.unobserve(tail);
    if (state.end < state.found.length) watcher.observe(tail);
  };
  const earlier = () => {
    const start = Math.max(0, state.start - BATCH), first = list.querySelector(".vote");
    const top = first.getBoundingClientRect().top;
    first.before(...state.found.slice(start, state.start).map(card));
    state.start = start;
    scrollBy({ top: first.getBoundingClientRect().top - top, behavior: "instant" });
    if (!start) list.querySelector(".earlier").remove();
  };
  const showFrom = (place) => {
    watcher.unobserve(tail);
    list.replaceChildren(tail);
    state.start = state.end = place;
    if (!state.found.length) list.prepend(nothing());
    if (place > 0) list.prepend(make("button", { type: "button", class: "earlier", onclick: earlier }, say("earlier")));
    more();
  };
  const nothing = () =>
    make("div", { class: "empty" }, make("p", {}, say(votes.length ? "none_found" : "none_at_all")),
      votes.length ? make("button", { type: "button", onclick: clear }, say("clear")) : null);

  const clear = () => {
    state.query = search.value = "";
    state.filters = {};
    drawFilters();
    refresh();
  };

  const goTo = (place, behavior) => {
    if (place < 0 || place >= state.found.length) return;
    if (place < state.start) showFrom(place);
    while (place >= state.end) more();
    list.querySelector(".current")?.classList.remove("current");
    state.current = place;
    const element = list.querySelectorAll(".vote")[place - state.start];
    element.classList.add("current");
    element.scrollIntoView({ block: "start", behavior });
  };
  const followLink = () => {
    if (!location.hash.startsWith("#vote-")) return;
    let id;
    try { id = decodeURIComponent(location.hash.slice(6)); } catch { return; }
    const vote = votes.find((one) => one.id === id);
    if (!vote) return;
    if (!state.found.includes(vote)) clear();
    const place = state.found.indexOf(vote);
    if (place < state.start || place >= state.end) showFrom(place);
    goTo(place, "instant");
  };

  // ---- the head of the page

  const drawFilters = () => {
    byId("filters").replaceChildren(...Object.entries(FILTERS).map(([name, filter]) => {
      const counts = new Map();
      for (const vote of votes) for (const value of filter.of(vote)) counts.set(value, (counts.get(value) ?? 0) + 1);
      if (counts.size < 2) return null;
      const order = (value) => (filter.order ? filter.order.indexOf(value) : -counts.get(value));
      const values = [...counts.keys()].sort((x, y) => order(x) - order(y) || (x < y ? -1 : 1));
      const select = make("select", { "aria-label": say(name), "data-filter": name, class: name in state.filters ? "on" : "" },
        make("option", { value: "*" }, say(`${name}_all`)),
        values.map((value) => make("option", { value: `=${value}`, selected: state.filters[name] === value },
          `${filter.name(value)} (${number(counts.get(value))})`)));
      select.addEventListener("change", () => {
        if (select.value === "*") delete state.filters[name]; else state.filters[name] = select.value.slice(1);
        select.classList.toggle("on", name in state.filters);
        refresh();
      });
      return select;
    }).filter(Boolean));
  };

  const drawBalance = () => {
    const counts = OUTCOMES.map((outcome) => [outcome, votes.filter((vote) => (vote.winner ?? "none") === outcome).length]).filter(([, n]) => n);
    const label = ([outcome, n]) => `${say(`outcome_${outcome}`)} ${number(n)} (${number((100 * n) / votes.length)}%)`;
    const bar = make("span", { class: "balance-bar" }, counts.map(([outcome, n]) => {
      const part = make("i", { class: `is-${outcome}` });
      part.style.flexGrow = n;
      return part;
    }));
    byId("balance").setAttribute("aria-label", `${say("outcome")}: ${counts.map(label).join(", ")}`);
    byId("balance").replaceChildren(bar, ...counts.map((one) => make("span", {}, make("i", { class: `dot is-${one[0]}` }), label(one))));
  };

  const drawFacts = () => {
    const known = (name) => (`fact_${name}` in texts.en ? say(`fact_${name}`) : name);
    const shown = (name, value) => (name === "language" || name === "answer_language" ? languageName(value)
      : typeof value === "number" ? number(value, 1)
      : String(value?.[state.language] ?? value));
    byId("facts").replaceChildren(...about.facts.flatMap(([name, value]) => [make("dt", {}, known(name)), make("dd", {}, shown(name, value))]));
    document.querySelector(".how").hidden = !about.facts.length;
  };

  const drawTexts = () => {
    document.documentElement.lang = state.language;
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
    for (const element of document.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", say(element.dataset.label));
      element.title = say(element.dataset.label);
    }
    search.placeholder = say("search");
    drawFilters(); drawBalance(); drawFacts();
  };

  const switchLanguage = () => {
    const place = firstVisible();
    state.language = state.language === "ja" ? "en" : "ja";
    drawTexts();
    refresh();
    if (place > 0) goTo(place, "instant");
  };

  const firstVisible = () => {
    const shown = [...list.querySelectorAll(".vote")].findIndex((element) => element.getBoundingClientRect().bottom > 120);
    return shown < 0 ? -1 : state.start + shown;
  };
  const step = (by) => {
    const from = state.current >= 0 ? state.current : firstVisible() - (by > 0 ? 1 : 0);
    goTo(from + by);
  };
  const toggleCurrent = () => {
    const place = state.current >= 0 ? state.current : firstVisible();
    const turns = [...(list.querySelectorAll(".vote")[place - state.start]?.querySelectorAll(".turn.folds") ?? [])];
    const isOpen = turns.some((element) => !element.classList.contains("open"));
    turns.forEach((element) => open(element, isOpen));
  };
  const KEYS = { "/": () => { search.focus(); search.select(); }, j: () => step(1), k: () => step(-1), e: toggleCurrent, d: switchTheme };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") { if (state.query || Object.keys(state.filters).length) clear(); search.blur(); return; }
    if (event.target.closest("input, select, textarea") || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.query = search.value; refresh(); }, votes.length > 500 ? 120 : 30);
  });
  byId("switch-theme").addEventListener("click", switchTheme);
  byId("switch-language").addEventListener("click", switchLanguage);
  addEventListener("hashchange", followLink);
  addEventListener("beforeprint", () => { if (state.start) showFrom(0); more(state.found.length); });

  votes.forEach((vote, place) => { vote.place = place; });
  restoreTheme();
  drawTexts();
  refresh();
  followLink();
})();
