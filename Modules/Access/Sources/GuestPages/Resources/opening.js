// Follows an open until the lock has answered, by what the page says when it is loaded anew.
async function look() {
  const main = document.querySelector('main');
  if (main.dataset.phase !== 'opening') return;
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = page.querySelector('main');
    if (next && next.dataset.phase !== main.dataset.phase) {
      main.dataset.phase = next.dataset.phase;
      document.title = page.title;
      main.querySelector('[role=status]').innerHTML = next.querySelector('[role=status]').innerHTML;
    }
  } catch {}
  setTimeout(look, 700);
}
look();
