// Runs before the first paint: sets the chosen theme, so that a dark room sees no white flash.
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the system's theme is shown.
}
