// When the first words of the page are on the screen. What would hold them up waits for that: dozens of
// icons, a model that writes with all threads, and WebGL, whose beginning takes a second without a graphics processor.

/** Milliseconds after which nobody seems to look. */
const most = 2000;

/** Resolves when words are painted; at once where nothing is, as in a tab in the background. */
export const painted = new Promise((done) => {
  if (document.hidden || !window.PerformanceObserver?.supportedEntryTypes?.includes('paint')) { done(); return; }
  new PerformanceObserver((list, observer) => {
    if (!list.getEntriesByName('first-contentful-paint').length) return;
    observer.disconnect();
    done();
  }).observe({ type: 'paint', buffered: true });
  setTimeout(done, most);
});
