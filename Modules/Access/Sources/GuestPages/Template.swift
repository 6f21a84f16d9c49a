/// The pages in Mustache. They work without script; the script turns a button into a slider, says times in the guest's zone, and follows
/// an open until the lock has answered.
enum Template {
    static let all = ["head": head, "guest": guest, "opening": opening, "trouble": trouble]

    private static let head = """
        <!doctype html><html lang="{{lang}}"><head><meta charset="utf-8"><title>{{title}}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><meta name="color-scheme" content="light">
        <style nonce="{{nonce}}">
        *{box-sizing:border-box}body{margin:0;background:#fff;color:#000;font:1.25rem/1.5 system-ui,sans-serif}
        main{max-width:30rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:2rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.5rem;margin:0 0 .5rem}
        dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1rem 0}dt{font-weight:700}dd{margin:0}
        ul{list-style:none;padding:0;margin:1.5rem 0}li{border:2px solid #000;border-radius:1rem;padding:1rem;margin:0 0 1rem}
        .slide{position:relative;display:block;width:100%;min-height:4.5rem;padding:0 1rem 0 4.5rem;border:0;border-radius:2.25rem;background:#0a4d0a;color:#fff;font:700 1.375rem system-ui,sans-serif;cursor:pointer;touch-action:pan-y;overflow:hidden}
        .slide:focus-visible,a:focus-visible{outline:4px solid #0047ff;outline-offset:3px}
        .thumb{position:absolute;left:.375rem;top:.375rem;width:3.75rem;height:3.75rem;border-radius:50%;background:#fff;color:#0a4d0a;line-height:3.75rem;font-size:2rem}
        .pin{font:700 2.75rem/1.2 ui-monospace,monospace;letter-spacing:.15em;margin:.25rem 0}.alert{border:3px solid #a00000;border-radius:.5rem;padding:.75rem;color:#7a0000;font-weight:700}
        .alert:empty{display:none}a{color:#003399;font-weight:700}.open{color:#0a4d0a}.silent,.failed{color:#7a0000}.gone{visibility:hidden}.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        </style></head>
        """

    private static let guest = """
        {{>head}}<body><main data-state="{{state}}"><h1>{{heading}}</h1>{{#note}}<p>{{note}}</p>{{/note}}
        <p class="alert" role="alert" data-unreachable="{{unreachable}}" data-failed="{{failed}}"></p><p class="hidden" role="status"></p>
        <ul>{{#doors}}<li><h2 id="door-{{id}}">{{label}}</h2>
        {{#slide}}<form method="post" action="{{action}}"><button class="slide" type="submit" data-again="{{again}}"><span class="thumb gone" aria-hidden="true">&rarr;</span><span class="say">{{text}}</span><span class="hidden"> {{label}}</span></button></form>{{/slide}}
        {{#code}}<h3>{{title}}</h3><p class="pin" aria-label="{{spoken}}">{{digits}}</p><p>{{note}}</p>{{/code}}</li>{{/doors}}</ul>
        <dl>{{#window}}<dt>{{label}}</dt><dd><time datetime="{{iso}}">{{text}}</time></dd>{{/window}}</dl>
        </main><script nonce="{{nonce}}">\(zone)\(slider)</script></body></html>
        """

    private static let opening = """
        {{>head}}{{#refreshes}}<noscript><meta http-equiv="refresh" content="2"></noscript>{{/refreshes}}<body><main data-phase="{{phase}}">
        <div role="status"><h1 class="{{phase}}">{{heading}}</h1>{{#door}}<h2>{{door}}</h2>{{/door}}<p>{{note}}</p>{{#offline}}<p>{{offline}}</p>{{/offline}}</div>
        {{#back}}<p><a href="{{href}}">{{text}}</a></p>{{/back}}</main><script nonce="{{nonce}}">\(follow)</script></body></html>
        """

    private static let trouble = """
        {{>head}}<body><main data-trouble="{{trouble}}"><h1>{{heading}}</h1></main></body></html>
        """

    private static let zone = """
        for(const t of document.querySelectorAll('time')){const d=new Date(t.dateTime);
        if(!isNaN(d))t.textContent=new Intl.DateTimeFormat(document.documentElement.lang,{dateStyle:'full',timeStyle:'short'}).format(d)}
        """

    /// A pointer slides to the end, or taps and taps again within a few seconds, so that nothing opens in a pocket; Enter and Space open at
    /// once. Whatever the key's page can say by itself is said by loading it anew, in the guest's language.
    private static let slider = """
        const alertBox=document.querySelector('.alert'),live=document.querySelector('[role=status]');let busy=false;
        const attempts=new Map(),wait=ms=>new Promise(r=>setTimeout(r,ms)),random=()=>Array.from(crypto.getRandomValues(new Uint8Array(16)),b=>b.toString(16).padStart(2,'0')).join('');
        async function send(form){const old=attempts.get(form),attempt=old&&Date.now()-old.at<25000?old:{key:random(),at:Date.now()};attempts.set(form,attempt);
        for(let n=0;;n++){try{const a=await fetch(form.action,{method:'POST',headers:{'Idempotency-Key':attempt.key}});if(a.status!==409||n>8){if(a.status<500)attempts.delete(form);return a}}catch(e){if(n>1)throw e}await wait(1000)}}
        async function open(form,reset){if(busy)return;busy=true;alertBox.textContent='';try{const a=await send(form);
        if(a.redirected){location.href=a.url;return}if(a.status<500&&a.status!==429){location.reload();return}alertBox.textContent=alertBox.dataset.failed}
        catch{alertBox.textContent=alertBox.dataset.unreachable}busy=false;reset()}
        addEventListener('pageshow',e=>{if(e.persisted)location.reload()});
        for(const form of document.querySelectorAll('form')){const button=form.querySelector('button'),thumb=button.querySelector('.thumb'),say=button.querySelector('.say'),text=say.textContent;thumb.classList.remove('gone');
        let from=null,moved=0,slid=false,armed=0;const reach=()=>button.clientWidth-thumb.offsetWidth-12,disarm=()=>{armed=0;say.textContent=text};
        const reset=()=>{from=null;moved=0;thumb.style.transform=''};
        button.addEventListener('pointerdown',e=>{from=e.clientX;button.setPointerCapture(e.pointerId)});
        button.addEventListener('pointermove',e=>{if(from===null)return;moved=Math.max(0,Math.min(reach(),e.clientX-from));thumb.style.transform='translateX('+moved+'px)'});
        button.addEventListener('pointerup',()=>{slid=moved>8;if(from!==null&&moved>=reach()*.85){from=null;open(form,reset)}else reset()});
        button.addEventListener('pointercancel',reset);
        form.addEventListener('submit',e=>{e.preventDefault()});
        button.addEventListener('click',e=>{e.preventDefault();if(e.detail===0){open(form,reset);return}if(slid){slid=false;return}
        const since=Date.now()-armed;if(!armed){armed=Date.now();say.textContent=live.textContent=button.dataset.again;setTimeout(disarm,5000)}
        else if(since>300){disarm();open(form,reset)}})}
        """

    private static let follow = """
        async function look(){const main=document.querySelector('main');if(main.dataset.phase!=='opening')return;
        try{const page=new DOMParser().parseFromString(await(await fetch(location.href)).text(),'text/html'),next=page.querySelector('main');
        if(next&&next.dataset.phase!==main.dataset.phase){main.dataset.phase=next.dataset.phase;document.title=page.title;
        main.querySelector('[role=status]').innerHTML=next.querySelector('[role=status]').innerHTML}}catch{}setTimeout(look,700)}look();
        """
}
