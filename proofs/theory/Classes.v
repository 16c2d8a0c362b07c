(* Classes of functions, from their definitions, and the inequalities that they satisfy.

   The way to the interpolation inequality (Taylor, Hendrickx, Glineur, Math. Program. 161 (2017), Theorem 4, the
   direction "necessary"): every class is caught between two parabolas,

       mu/2 |y - x|^2  <=  f(y) - f(x) - <g(x), y - x>  <=  L/2 |y - x|^2          [between_parabolas mu L f g]

   and this alone implies the inequality, by comparing f at one point with both bounds. *)
From Coq Require Import Reals Lra Psatz.
From Pep Require Import Space.
Open Scope R_scope.

Section Definitions.
Context {V : inner_space}.

Definition convex (f : V -> R) := forall x y t, 0 <= t <= 1 ->
  f (x + t * (y - x))%V <= (1 - t) * f x + t * f y.

(* A negative modulus is allowed: f then is weakly convex. *)
Definition strongly_convex (mu : R) (f : V -> R) := convex (fun x => f x - mu / 2 * norm2 x).

(* The gradient in the weak (Gateaux) sense: the derivative of f at x in the direction d is <g x, d>. A Frechet
   gradient is one, so theorems about this one are stronger. *)
Definition gradient (f : V -> R) (g : V -> V) := forall x d,
  derivable_pt_lim (fun t => f (x + t * d)%V) 0 (inner (g x) d).

Definition lipschitz (g : V -> V) (L : R) := forall x y,
  norm2 (g x - g y) <= L ^ 2 * norm2 (x - y).

Definition minimiser (f : V -> R) (x_star : V) := forall y, f x_star <= f y.

Definition between_parabolas (mu L : R) (f : V -> R) (g : V -> V) := forall x y,
  mu / 2 * norm2 (y - x) <= f y - f x - inner (g x) (y - x) <= L / 2 * norm2 (y - x).
End Definitions.

Section Derivatives.
Context {V : inner_space}.
Variables (f : V -> R) (g : V -> V).
Hypothesis Hg : gradient f g.

Lemma derivative_on_line : forall x d t,
  derivable_pt_lim (fun t => f (x + t * d)%V) t (inner (g (x + t * d)%V) d).
Proof.
  intros x d t e He. destruct (Hg (x + t * d)%V d e He) as [delta Hd].
  exists delta. intros h Hn Hh. specialize (Hd h Hn Hh).
  rewrite Rplus_0_l, line_step, line_start in Hd. exact Hd.
Qed.

(* Fermat: the gradient vanishes at a minimiser. *)
Lemma gradient_at_minimiser : forall x_star, minimiser f x_star -> alike (g x_star) zero.
Proof.
  intros xs Hm z. rewrite inner_zero. pose proof (Hg xs z) as D.
  set (pr := exist _ (inner (g xs) z) D : derivable_pt (fun t => f (xs + t * z)%V) 0).
  assert (derive_pt _ 0 pr = inner (g xs) z) as <- by reflexivity.
  apply deriv_minimum with (a := -1) (b := 1); try lra. intros x _ _. rewrite line_start. apply Hm.
Qed.

(* The gradient of f + c |x|^2 / 2. *)
Lemma gradient_plus_square : forall c,
  gradient (fun x => f x + c / 2 * norm2 x) (fun x => g x + c * x)%V.
Proof.
  intros c x d.
  pose proof (Hg x d) as D1.
  assert (derivable_pt_lim (fun t => c / 2 * (norm2 x + 2 * t * inner x d + t * t * norm2 d)) 0 (c * inner x d)) as D2.
  { intros e He. assert (0 < e / (Rabs (c / 2 * norm2 d) + 1)) as Hp.
    { apply Rdiv_lt_0_compat; [lra|]. pose proof (Rabs_pos (c / 2 * norm2 d)). lra. }
    exists (mkposreal _ Hp). intros h Hn Hh. simpl in Hh.
    match goal with |- Rabs ?a < _ => replace a with (h * (c / 2 * norm2 d)) by (field; exact Hn) end.
    rewrite Rabs_mult. pose proof (Rabs_pos (c / 2 * norm2 d)). pose proof (Rabs_pos h).
    apply (Rmult_lt_compat_r (Rabs (c / 2 * norm2 d) + 1)) in Hh; [|lra].
    unfold Rdiv in Hh at 2. rewrite Rmult_assoc, Rinv_l in Hh by lra. nra. }
  pose proof (derivable_pt_lim_plus _ _ 0 _ _ D1 D2) as D. unfold plus_fct in D.
  rewrite inner_plus, inner_times. intros e He. destruct (D e He) as [delta Hd]. exists delta.
  intros h Hn Hh. specialize (Hd h Hn Hh).
  match type of Hd with Rabs ?a < _ => match goal with |- Rabs ?b < _ => replace b with a; [exact Hd|] end end.
  f_equal. f_equal. f_equal; f_equal; expand_inner; rewrite (inner_sym V d x); field.
Qed.

Lemma convex_first_order : convex f -> forall x y, f x + inner (g x) (y - x) <= f y.
Proof.
  intros Hc x y. apply Rnot_lt_le. intro Hlt.
  set (e := f x + inner (g x) (y - x) - f y).
  assert (0 < e) as He by (unfold e; lra).
  destruct (Hg x (y - x)%V e He) as [delta Hd].
  set (h := Rmin 1 (delta / 2)).
  assert (0 < delta) as Dp by apply cond_pos.
  assert (0 < h <= 1) as Hh. { unfold h; split; [apply Rmin_glb_lt; lra | apply Rmin_l]. }
  assert (h < delta) as Hhd. { unfold h. pose proof (Rmin_r 1 (delta / 2)). lra. }
  specialize (Hd h ltac:(lra) ltac:(rewrite Rabs_pos_eq; lra)).
  rewrite Rplus_0_l, line_start in Hd. apply Rabs_def2 in Hd.
  pose proof (Hc x y h ltac:(lra)) as Hcv.
  set (A := f (x + h * (y - x))%V) in *.
  assert ((A - f x) / h <= f y - f x).
  { apply Rmult_le_reg_r with h; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  unfold e in *. lra.
Qed.

(* |<g(x + t d) - g(x), d>| <= L t |d|^2. *)
Lemma lipschitz_on_line : forall L, 0 <= L -> lipschitz g L -> forall x d t, 0 <= t ->
  Rabs (inner (g (x + t * d)%V) d - inner (g x) d) <= L * t * norm2 d.
Proof.
  intros L HL Hl x d t Ht. rewrite <- inner_minus.
  pose proof (cauchy_schwarz (g (x + t * d)%V - g x)%V d) as CS.
  pose proof (Hl (x + t * d)%V x) as LL.
  assert (norm2 (x + t * d - x) = t * t * norm2 d) as E by (expand_inner; rewrite (inner_sym V d x); ring).
  rewrite E in LL. set (u := inner _ d) in *. pose proof (norm2_pos d).
  assert (0 <= L * t * norm2 d) by (repeat apply Rmult_le_pos; lra).
  assert (u * u <= (L * t * norm2 d) * (L * t * norm2 d)).
  { eapply Rle_trans; [exact CS|]. eapply Rle_trans; [apply Rmult_le_compat_r; [lra|exact LL]|]. lra. }
  apply Rsqr_le_abs_0 in H1. rewrite (Rabs_pos_eq (L * t * norm2 d)) in H1 by lra. exact H1.
Qed.

(* A function whose derivative is nonnegative on [0, 1] does not decrease from 0 to 1. *)
Lemma increases : forall psi psi' : R -> R,
  (forall t, derivable_pt_lim psi t (psi' t)) -> (forall t, 0 <= t <= 1 -> 0 <= psi' t) -> psi 0 <= psi 1.
Proof.
  intros psi psi' HD Hp. destruct (MVT_cor2 psi psi' 0 1) as [c [E Hc]]; [lra|intros; apply HD|].
  specialize (Hp c ltac:(lra)). lra.
Qed.

Lemma lipschitz_between_parabolas : forall L, 0 <= L -> lipschitz g L -> between_parabolas (- L) L f g.
Proof.
  intros L HL Hl x y. set (d := (y - x)%V). set (D := norm2 d).
  assert (forall s t, derivable_pt_lim (fun t => s * (f (x + t * d)%V - t * inner (g x) d) + L / 2 * t * t * D) t
            (s * (inner (g (x + t * d)%V) d - inner (g x) d) + L * t * D)) as HD.
  { intros s t.
    pose proof (derivative_on_line x d t) as D1.
    assert (derivable_pt_lim (fun t => - (t * inner (g x) d)) t (- inner (g x) d)) as D2.
    { intros e He. exists (mkposreal 1 Rlt_0_1). intros h Hn _.
      match goal with |- Rabs ?a < _ => replace a with 0 by (field; exact Hn) end. rewrite Rabs_R0. exact He. }
    pose proof (derivable_pt_lim_scal _ s t _ (derivable_pt_lim_plus _ _ t _ _ D1 D2)) as D3.
    assert (derivable_pt_lim (fun t => L / 2 * t * t * D) t (L * t * D)) as D4.
    { intros e He. assert (0 < e / (Rabs (L / 2 * D) + 1)) as Hp.
      { apply Rdiv_lt_0_compat; [lra|]. pose proof (Rabs_pos (L / 2 * D)). lra. }
      exists (mkposreal _ Hp). intros h Hn Hh. simpl in Hh.
      match goal with |- Rabs ?a < _ => replace a with (h * (L / 2 * D)) by (field; exact Hn) end.
      rewrite Rabs_mult. pose proof (Rabs_pos (L / 2 * D)). pose proof (Rabs_pos h).
      apply (Rmult_lt_compat_r (Rabs (L / 2 * D) + 1)) in Hh; [|lra].
      unfold Rdiv in Hh at 2. rewrite Rmult_assoc, Rinv_l in Hh by lra. nra. }
    exact (derivable_pt_lim_plus _ _ t _ _ D3 D4). }
  assert (x + 1 * d = y)%V as E1 by apply line_end.
  assert (forall s, -1 <= s <= 1 ->
            s * f x <= s * (f y - inner (g x) d) + L / 2 * D) as Main.
  { intros s Hs. pose proof (increases _ _ (HD s)) as I. cbv beta in I.
    rewrite E1, line_start in I. 
    assert (forall t, 0 <= t <= 1 -> 0 <= s * (inner (g (x + t * d)%V) d - inner (g x) d) + L * t * D) as P.
    { intros t Ht. pose proof (lipschitz_on_line L HL Hl x d t ltac:(lra)) as B. fold D in B.
      set (u := inner _ d - _) in *. pose proof (Rle_abs u). pose proof (Rle_abs (- u)). rewrite Rabs_Ropp in *.
      set (w := L * t * D) in *. nra. }
    specialize (I P). lra. }
  pose proof (Main 1 ltac:(lra)). pose proof (Main (-1) ltac:(lra)). lra.
Qed.
End Derivatives.

Section Inclusions.
Context {V : inner_space}.
Variables (f : V -> R) (g : V -> V).

Lemma strongly_convex_first_order : forall mu, strongly_convex mu f -> gradient f g ->
  forall x y, mu / 2 * norm2 (y - x) <= f y - f x - inner (g x) (y - x).
Proof.
  intros mu Hc Hg x y.
  assert (gradient (fun x => f x - mu / 2 * norm2 x) (fun x => g x + (- mu) * x)%V) as Hg'.
  { intros z d. pose proof (gradient_plus_square f g Hg (- mu) z d) as D. intros e He.
    destruct (D e He) as [delta Hd]. exists delta. intros h Hn Hh. specialize (Hd h Hn Hh).
    match type of Hd with Rabs ?a < _ => match goal with |- Rabs ?b < _ => replace b with a; [exact Hd|] end end.
    unfold Rdiv. ring. }
  pose proof (convex_first_order _ _ Hg' Hc x y) as F. cbv beta in F.
  expand_inner_in F. expand_inner. rewrite ?(inner_sym V y x) in *. nra.
Qed.

(* The class of L-smooth functions f with f - (mu/2)|x|^2 convex. *)
Lemma smooth_strongly_convex : forall mu L, 0 <= L -> strongly_convex mu f -> gradient f g -> lipschitz g L ->
  between_parabolas mu L f g.
Proof.
  intros mu L HL Hc Hg Hl x y. split; [apply strongly_convex_first_order; auto|].
  apply (lipschitz_between_parabolas f g Hg L HL Hl x y).
Qed.

Lemma smooth_convex : forall L, 0 <= L -> convex f -> gradient f g -> lipschitz g L -> between_parabolas 0 L f g.
Proof.
  intros L HL Hc Hg Hl x y. split; [|apply (lipschitz_between_parabolas f g Hg L HL Hl x y)].
  pose proof (convex_first_order f g Hg Hc x y). unfold Rdiv. rewrite !Rmult_0_l. lra.
Qed.

(* The class as the certificate format defines it: f - (mu/2)|x|^2 and (L/2)|x|^2 - f convex. *)
Lemma two_convex_functions : forall mu L, gradient f g ->
  strongly_convex mu f -> convex (fun x => L / 2 * norm2 x - f x) -> between_parabolas mu L f g.
Proof.
  intros mu L Hg H1 H2 x y. split; [apply strongly_convex_first_order; auto|].
  assert (gradient (fun x => - f x) (fun x => (-1) * g x)%V) as Hn.
  { intros z d. rewrite inner_times. pose proof (derivable_pt_lim_opp _ _ _ (Hg z d)) as D.
    unfold opp_fct in D. replace (-1 * inner (g z) d) with (- inner (g z) d) by ring. exact D. }
  assert (gradient (fun x => L / 2 * norm2 x - f x) (fun x => (-1) * g x + L * x)%V) as Hg'.
  { intros z d. pose proof (gradient_plus_square _ _ Hn L z d) as D. intros e He.
    destruct (D e He) as [delta Hd]. exists delta. intros h Hz Hh. specialize (Hd h Hz Hh).
    match type of Hd with Rabs ?a < _ => match goal with |- Rabs ?b < _ => replace b with a; [exact Hd|] end end.
    unfold Rdiv. ring. }
  pose proof (convex_first_order _ _ Hg' H2 x y) as F. cbv beta in F.
  expand_inner_in F. expand_inner. rewrite ?(inner_sym V y x) in *. nra.
Qed.

Hypothesis bounded : forall x y, f y - f x - inner (g x) (y - x) <= / 2 * norm2 (y - x).

(* A gradient step decreases a 1-smooth function by at least half the squared gradient. *)
Lemma gradient_step_decreases : forall c, (forall y, c <= f y) -> forall x, / 2 * norm2 (g x) <= f x - c.
Proof.
  intros c Hc x. pose proof (bounded x (x - g x)%V) as B. pose proof (Hc (x - g x)%V).
  assert (inner (g x) (x - g x - x) = - norm2 (g x)) as E by (expand_inner; ring).
  assert (norm2 (x - g x - x) = norm2 (g x)) as E2.
  { expand_inner. rewrite (inner_sym V (g x) x). ring. }
  rewrite E, E2 in B. lra.
Qed.
End Inclusions.

(* The interpolation inequality, for L = 1 and m = mu / L < 1, without denominators: 2 (1 - m) times
   f(x) - f(y) - <g(y), x - y> - ( |dg|^2 + m |dx|^2 - 2 m <dg, dx> ) / (2 (1 - m)) is not negative. *)
Lemma interpolation_inequality : forall (V : inner_space) (f : V -> R) (g : V -> V) m, m < 1 ->
  between_parabolas m 1 f g -> forall x y,
  0 <= 2 * (1 - m) * (f x - f y - inner (g y) (x - y))
       - norm2 (g x - g y) - m * norm2 (x - y) + 2 * m * inner (g x - g y) (x - y).
Proof.
  intros V f g m Hm B x y.
  (* F = f - (m/2)|.|^2 has the gradient G = g - m I; compare it at z = x - (G(x) - G(y)) / (1 - m) *)
  set (dg := (g x - g y)%V). set (dx := (x - y)%V).
  set (w := (dg + (- m) * dx)%V). set (z := (x - (/ (1 - m)) * w)%V).
  pose proof (proj1 (B y z)) as B1. pose proof (proj2 (B x z)) as B2.
  assert (alike (z - y) (dx - (/ (1 - m)) * w)) as Z1 by (intro v; unfold z, dx; expand_inner; ring).
  assert (alike (z - x) ((- / (1 - m)) * w)) as Z2 by (intro v; unfold z; expand_inner; ring).
  unfold norm2 in B1, B2.
  rewrite (alike_inner _ _ _ _ Z1 Z1), (alike_inner _ _ _ _ (alike_refl (g y)) Z1) in B1.
  rewrite (alike_inner _ _ _ _ Z2 Z2), (alike_inner _ _ _ _ (alike_refl (g x)) Z2) in B2.
  assert (inner (g x) w - inner (g y) w = inner dg w) as E1 by (unfold dg; expand_inner; ring).
  set (s := / (1 - m)) in *. assert (s * (1 - m) = 1) as Es by (apply Rinv_l; lra). assert (0 < s) as Ps by (apply Rinv_0_lt_compat; lra).
  assert (inner dg w = inner w w + m * inner dx w) as E2 by (unfold w at 2; expand_inner; ring).
  assert (norm2 dg = inner w w + 2 * m * inner dx w + m * m * inner dx dx) as E3.
  { unfold norm2. assert (alike dg (w + m * dx)) as A by (intro v; unfold w; expand_inner; ring).
    rewrite (alike_inner _ _ _ _ A A). expand_inner. rewrite (inner_sym V w dx). ring. }
  assert (inner dg dx = inner dx w + m * inner dx dx) as E4.
  { rewrite (inner_sym V dx w). unfold w. expand_inner. ring. }
  rewrite E3, E4. unfold norm2.
  expand_inner_in B1. expand_inner_in B2. rewrite (inner_sym V w dx) in B1.
  set (a := inner (g x) w) in *. set (b := inner (g y) w) in *. set (W := inner w w) in *.
  set (c := inner dx w) in *. set (X := inner dx dx) in *. set (p := inner (g y) dx) in *.
  rewrite E2 in E1. clearbody a b W c X p. clear E2 E3 E4 Z1 Z2.
  assert (a = b + W + m * c) as -> by lra.
  assert (s * s * (1 - m) * W = s * W) as Es2 by (rewrite (Rmult_assoc s s), Es; ring).
  assert (m / 2 * X + s / 2 * W <= f x - f y - p) as Bound by lra.
  apply (Rmult_le_compat_l (2 * (1 - m))) in Bound; [|lra].
  assert (2 * (1 - m) * (m / 2 * X + s / 2 * W) = m * (1 - m) * X + (s * (1 - m)) * W) as E by field.
  rewrite E, Es in Bound. lra.
Qed.
