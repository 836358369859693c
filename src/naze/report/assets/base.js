"use strict";
// What both pages share: reading what is embedded, making elements, the theme. Text from outside becomes text nodes.
const naze = (() => {
  const embedded = (id) => JSON.parse(document.getElementById(id).textContent);

  /** Make an element: properties are set, children are appended as nodes or as text. */
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  };

  const kept = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* a page from a file may keep nothing */ } },
  };

  const setTheme = (theme) => { document.documentElement.dataset.theme = theme; kept.set("naze-theme", theme); };
  const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const switchTheme = () => setTheme(isDark() ? "light" : "dark");
  const restoreTheme = () => {
    const theme = kept.get("naze-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  };
  const isLong = (text, characters = 900, lines = 14) => text && (text.length > characters || text.split("\n").length > lines);
  return { embedded, make, kept, switchTheme, restoreTheme, isLong };
})();
