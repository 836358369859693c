// Sorts the table, switches language and theme, shows cases when they are opened. Text from outside becomes text nodes.
(() => {
  const { embedded, make, switchTheme, restoreTheme, isLong, kept } = naze;
  const texts = embedded("texts"), data = embedded("data");
  const root = document.documentElement, byId = (id) => document.getElementById(id);
  const ROLES = ["for", "against", "source"], VERDICTS = ["a", "b", "alike", "not_applicable"];
  const LONG = [420, 9];

  const say = (key, values = {}) =>
    texts[root.lang][key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const percent = (share) => `${Math.round(100 * share)}%`;
  const dash = "–";

  // ---- one case

  const textOf = (text) => {
    if (text === null || text === undefined) return make("div", { class: "text missing" }, say("js_missing"));
    if (!text.trim()) return make("div", { class: "text missing" }, say("js_empty"));
    return make("div", { class: isLong(text, ...LONG) ? "text long" : "text", dir: "auto" }, text.replace(/^\s*\n/, ""));
  };

  const response = (vote, side, text) => {
    const won = vote.winner === side;
    return make("section", { class: `response ${side} ${won ? "won" : ""}` },
      make("h6", {}, make("span", { class: "side" }, say(`js_response_${side}`)),
        vote[`model_${side}`] ? make("span", { class: "by" }, vote[`model_${side}`]) : null,
        won ? make("span", { class: "badge" }, `✓ ${say("js_chosen")}`) : null),
      textOf(text));
  };

  const turns = (vote) => {
    const count = Math.max(vote.prompt.length, vote.a.length, vote.b.length);
    return Array.from({ length: count }, (_, place) => make("div", { class: "turn" },
      count > 1 ? make("p", { class: "turn-number" }, say("js_turn", { n: place + 1, of: count })) : null,
      make("section", { class: "prompt" }, make("h6", {}, say("js_prompt")), textOf(vote.prompt[place])),
      response(vote, "a", vote.a[place]), response(vote, "b", vote.b[place])));
  };

  const bar = (p) => {
    const [a, b, alike, na] = p.map(percent), said = say("js_bar", { a, b, alike, na });
    const parts = [["a", p[0]], ["alike", p[2]], ["b", p[1]], ["na", p[3]]].map(([name, share]) => {
      const part = make("i", { class: `is-${name}` });
      part.style.flexGrow = share;
      return part;
    });
    return make("span", { class: "bar", role: "img", "aria-label": said, title: said }, parts);
  };

  const modelSaid = (p) => {
    if (!p) return [];
    const most = p.indexOf(Math.max(...p));
    return [make("span", { class: "model" }, say(`js_model_${VERDICTS[most]}`, { p: percent(p[most]) })), bar(p)];
  };

  const quotesOf = (one) => !one.quotes.length ? null : make("div", { class: "quotes" },
    make("h6", {}, say(one.role === "source" ? "js_quotes" : "js_quotes_held")),
    one.quotes.map((parts) => make("blockquote", { dir: "auto" },
      parts.map((part, place) => (place % 2 ? make("mark", {}, part) : part)))));

  const card = (factor, one) => {
    const vote = data.votes[one.vote], winner = vote.winner ?? "none";
    const element = make("article", { class: "case", id: `${factor}-${one.id}` },
      make("header", {},
        make("span", { class: "outcome" }, make("i", { class: `dot is-${winner}` }), say(`js_people_${winner}`)),
        modelSaid(one.p),
        make("a", { class: "id", href: `#${factor}-${one.id}` }, `# ${one.id}`),
        make("span", { class: "vote-id" }, vote.id)),
      quotesOf(one), turns(vote));
    if (element.querySelector(".long")) {
      const button = make("button", { type: "button", class: "more", "aria-expanded": "false" }, say("js_expand"));
      button.addEventListener("click", () => {
        const isOpen = element.classList.toggle("open");
        button.textContent = say(isOpen ? "js_collapse" : "js_expand");
        button.setAttribute("aria-expanded", String(isOpen));
      });
      element.append(button);
    }
    return element;
  };

  // ---- what opens below a factor

  const note = (role) => say(role === "source" ? "js_source_note" : `js_${role}_${data.outcome}`);
  const group = (factor, role, cases) => make("section", { class: `group ${role}` },
    make("h4", {}, say(`js_${role}`), make("small", {}, note(role))),
    cases.length ? cases.map((one) => card(factor, one)) : make("p", { class: "empty-group" }, say("js_none")));

  const analysis = (factor, found) => !found ? null : make("section", { class: "analysis" },
    make("h4", {}, say("js_analysis", { model: found.model })),
    found.marks.length ? make("p", { class: "marks" }, say("faults_lead"), " ", found.marks.map((name) => [say(`fault_${name}`), " "])) : null,
    make("ul", { lang: data.language }, found.claims.map(([text, cited]) => make("li", {}, text, " ",
      cited.map((id) => [make("a", { href: `#${factor}-${id}` }, id), " "])))));

  const partName = (by, value) => {
    const length = /^\d: (up to|over) ([\d,]+)/.exec(value);
    if (by === "length" && length) return say(length[1] === "over" ? "js_over" : "js_up_to", { n: length[2] });
    if (by === "turns" && (value === "one" || value === "several")) return say(`js_${value}`);
    if (by === "language") try { return new Intl.DisplayNames([root.lang], { type: "language" }).of(value) ?? value; } catch { return value; }
    return value;
  };
  const shareOf = (value, low, high) => value === null ? dash
    : [percent(value), low === null || high === null ? null : make("small", {}, ` [${Math.round(100 * low)}, ${Math.round(100 * high)}]`)];
  const slices = (parts) => {
    if (!parts.length) return null;
    const ties = data.outcome === "tie";
    const known = (by) => (`js_by_${by}` in texts.en ? say(`js_by_${by}`) : by);
    return make("details", { class: "slices" }, make("summary", {}, say("js_slices")),
      make("table", { class: "plain" },
        make("thead", {}, make("tr", {},
          make("th", { scope: "col" }, say("js_slice_by")),
          make("th", { scope: "col", class: "number" }, say("js_slice_votes")),
          make("th", { scope: "col", class: "number" }, say(`js_slice_${data.outcome}`)),
          ties ? make("th", { scope: "col", class: "number" }, say("js_slice_base")) : null)),
        make("tbody", {}, parts.map(([by, value, votes, figure, low, high, base]) => make("tr", {},
          make("th", { scope: "row" }, make("small", {}, `${known(by)} `), partName(by, value)),
          make("td", { class: "number" }, votes.toLocaleString("en")),
          make("td", { class: "number" }, shareOf(figure, low, high)),
          ties ? make("td", { class: "number" }, shareOf(base, null, null)) : null)))),
      make("p", { class: "hint" }, say("js_slice_note")));
  };

  const fill = (details) => {
    const factor = details.dataset.factor, found = data.factors[factor];
    details.querySelector(".inside")?.remove();
    details.append(make("div", { class: "inside" }, analysis(factor, found.analysis), slices(found.slices),
      ROLES.map((role) => group(factor, role, found.cases.filter((one) => one.role === role)))));
  };
  for (const details of document.querySelectorAll("details.cases"))
    details.addEventListener("toggle", () => { if (details.open && !details.querySelector(".inside")) fill(details); });

  // ---- a link to a factor or a case

  const followLink = () => {
    const [, factor, one] = /^#(f\w+?)(?:-(\w+))?$/.exec(location.hash) ?? [];
    if (!factor || !data.factors[factor]) return;
    const details = byId(factor).querySelector("details.cases");
    if (one) {
      if (!details.querySelector(".inside")) fill(details);
      details.open = true;
    }
    (one ? byId(`${factor}-${one}`) : byId(factor))?.scrollIntoView({ block: "start", behavior: "instant" });
    document.querySelector(".current")?.classList.remove("current");
    (one ? byId(`${factor}-${one}`) : byId(factor))?.classList.add("current");
  };

  // ---- the table

  const table = document.querySelector("table.factors"), sorts = byId("sort");
  const heads = [...table.querySelectorAll("thead th")];
  const RISING = new Set(["factor", "q", "verdict"]);
  const sortBy = (column, turned) => {
    const place = heads.findIndex((head) => head.dataset.column === column), head = heads[place];
    const before = head.getAttribute("aria-sort");
    let rising = RISING.has(column);
    if (turned && before) rising = before !== "ascending";
    const value = (row) => row.cells[place].dataset.value;
    const compare = (one, other) => {
      const [x, y] = [value(one), value(other)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return (rising ? 1 : -1) * (column === "factor" ? x.localeCompare(y, "en", { numeric: true }) : x - y);
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
    for (const one of heads) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    sorts.value = column;
  };
  for (const head of heads) head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.column, true));
  sorts.addEventListener("change", () => sortBy(sorts.value, false));

  // ---- language and theme

  const setLanguage = (language) => {
    root.lang = language;
    for (const element of document.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", say(element.dataset.label));
      element.title = say(element.dataset.label);
    }
    for (const element of document.querySelectorAll("[data-option]")) element.textContent = say(element.dataset.option);
    for (const details of document.querySelectorAll("details.cases"))
      if (details.open) fill(details); else details.querySelector(".inside")?.remove();
  };
  byId("switch-language").addEventListener("click", () => {
    setLanguage(root.lang === "ja" ? "en" : "ja");
    kept.set("naze-language", root.lang);
  });
  byId("switch-theme").addEventListener("click", switchTheme);
  addEventListener("hashchange", followLink);
  restoreTheme();
  followLink();
})();
