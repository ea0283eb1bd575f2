// Light or dark? Set before anything is painted, so that nothing flashes; afterwards `parts/header/theme.js` does it. And what begins once something is painted?
(() => {
  try {
    const theme = localStorage.getItem('fastify-arr-monitor.theme')
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  } catch {
    // Storage may be forbidden; then the system says it.
  }
  // A frame's callbacks run before it is painted.
  requestAnimationFrame(() => { setTimeout(() => { import('./app.js') }) })
})()
