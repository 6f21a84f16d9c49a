// Times are shown in the guest's own zone.
for (const time of document.querySelectorAll('time')) {
  const moment = new Date(time.dateTime);
  if (isNaN(moment)) continue;
  const form = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'full', timeStyle: 'short' });
  time.textContent = form.format(moment);
}

const alertBox = document.querySelector('.alert');
const live = document.querySelector('[role=status]');
const attempts = new Map();
let isBusy = false;

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

// A try whose answer was lost is repeated under the same key: it opens once.
function attemptFor(form) {
  const last = attempts.get(form);
  const attempt = last && Date.now() - last.at < 25000 ? last : { key: randomKey(), at: Date.now() };
  attempts.set(form, attempt);
  return attempt;
}

async function send(form) {
  const attempt = attemptFor(form);
  for (let tries = 0; ; tries++) {
    try {
      const answer = await fetch(form.action, { method: 'POST', headers: { 'Idempotency-Key': attempt.key } });
      if (answer.status !== 409 || tries > 8) {
        if (answer.status < 500) attempts.delete(form);
        return answer;
      }
    } catch (error) {
      if (tries > 1) throw error;
    }
    await wait(1000);
  }
}

// Whatever the page of the key can say by itself is said by loading it anew, in the guest's language.
async function open(form, reset) {
  if (isBusy) return;
  isBusy = true;
  alertBox.textContent = '';
  try {
    const answer = await send(form);
    if (answer.redirected) { location.href = answer.url; return; }
    if (answer.status < 500 && answer.status !== 429) { location.reload(); return; }
    alertBox.textContent = alertBox.dataset.failed;
  } catch {
    alertBox.textContent = alertBox.dataset.unreachable;
  }
  isBusy = false;
  reset();
}

addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

// A pointer slides to the end, or taps and taps again within a few seconds, so that nothing opens in a pocket; Enter and Space
// open at once.
for (const form of document.querySelectorAll('form')) {
  const button = form.querySelector('button');
  const thumb = button.querySelector('.thumb');
  const say = button.querySelector('.say');
  const text = say.textContent;
  let from = null, moved = 0, hasSlid = false, armedAt = 0;
  const reach = () => button.clientWidth - thumb.offsetWidth - 12;
  const disarm = () => { armedAt = 0; say.textContent = text; };
  const reset = () => { from = null; moved = 0; thumb.style.transform = ''; };

  thumb.classList.remove('gone');
  button.addEventListener('pointerdown', (event) => { from = event.clientX; button.setPointerCapture(event.pointerId); });
  button.addEventListener('pointermove', (event) => {
    if (from === null) return;
    moved = Math.max(0, Math.min(reach(), event.clientX - from));
    thumb.style.transform = 'translateX(' + moved + 'px)';
  });
  button.addEventListener('pointerup', () => {
    hasSlid = moved > 8;
    if (from !== null && moved >= reach() * 0.85) { from = null; open(form, reset); } else reset();
  });
  button.addEventListener('pointercancel', reset);
  form.addEventListener('submit', (event) => event.preventDefault());
  button.addEventListener('click', (event) => {
    event.preventDefault();
    if (event.detail === 0) { open(form, reset); return; }
    if (hasSlid) { hasSlid = false; return; }
    if (!armedAt) {
      armedAt = Date.now();
      say.textContent = live.textContent = button.dataset.again;
      setTimeout(disarm, 5000);
    } else if (Date.now() - armedAt > 300) {
      disarm();
      open(form, reset);
    }
  });
}
