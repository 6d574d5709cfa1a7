// Before the first paint: the theme its owner chose, so that nothing flashes.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('whalebot.theme');
  } catch (refused) {
    chosen = null;
  }
  var light = chosen === 'light' || (chosen !== 'dark' && matchMedia('(prefers-color-scheme: light)').matches);
  document.documentElement.dataset.theme = light ? 'light' : 'dark';
})();
