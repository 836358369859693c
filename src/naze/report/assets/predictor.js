// Switches language and theme; everything else is in the page as it is.
(() => {
  const { embedded, switchTheme, restoreTheme, kept } = naze;
  const texts = embedded("texts"), root = document.documentElement, byId = (id) => document.getElementById(id);
  const show = (language) => { root.lang = language; byId("switch-language").textContent = texts[language].switch_language; };
  const remembered = kept.get("naze-language");
  if (remembered in texts) show(remembered);
  restoreTheme();
  byId("switch-theme").addEventListener("click", switchTheme);
  byId("switch-language").addEventListener("click", () => {
    const other = root.lang === "ja" ? "en" : "ja";
    show(other);
    kept.set("naze-language", other);
  });
})();
