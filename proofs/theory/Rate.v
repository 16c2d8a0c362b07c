(* The checker of certificates of rates, and its soundness.

   A claim: for every function of the class, the points x_0, .., x_N of the method satisfy measure <= rate * initial. The hypotheses
   used are the interpolation inequalities between the points x_0, .., x_N and x_*, the inequality |g_i|^2 / 2 <= f_i - f_*, and
   t <= |g_i|^2 for the smallest gradient. *)
From Coq Require Import Reals Lra Psatz ZArith List Bool Arith Lia.
From Pep Require Import Space Classes Ring LinearForms QuadraticForms Statement Methods.
Import ListNotations.
Open Scope R_scope.

Inductive measure_kind := ValueGap | GradientNorm | SmallestGradient | Distance.
Inductive initial_kind := InitialDistance | InitialGap | InitialGradient.

Section Computation.
Variable K : ring.
Notation linear := (list K).
Notation point := (point K).

Record problem_data := Problem {
  star : bool;                                    (* there is a minimiser x_* *)
  measure : measure_kind;
  initial : initial_kind;
  mu : K;                                         (* mu / L = mu / delta *)
  delta : K;
  denominator : K;                                (* of the steps *)
  steps_of : method_data K }.

Record certificate_data := Certificate {
  rate_numerator : K;
  rate_denominator : K;
  interpolation : list (nat * nat * K);
  infimum : list (nat * K);
  smallest : list (nat * K);
  kernel : list (nat * linear);
  columns : list linear }.

Definition csub (a b : K) : K := cadd K a (copp K b).
Definition ctwice (a : K) : K := cadd K a a.

Definition no_point : point := ([], [], 0%nat).
Definition star_point : point := ([], [], 1%nat).

Definition shear_all (k : list (nat * linear)) (a : linear) : linear := fold_left (fun a v => shear K v a) k a.
Definition shear_point (k : list (nat * linear)) (p : point) : point :=
  (shear_all k (position K p), shear_all k (slope K p), place K p).

Definition points_of (P : problem_data) : list point :=
  method_points K (denominator P) (steps_of P) ++ if star P then [star_point] else [].

(* - c 2 (delta - mu) times the interpolation inequality between two points *)
Definition interpolation_form (mu delta : K) (ps : list point) (t : nat * nat * K) : form K :=
  let '(i, j, c) := t in
  let '(X, G, f) := nth i ps no_point in
  let '(Y, H, h) := nth j ps no_point in
  let dX := lsub K X Y in
  let dG := lsub K G H in
  let e := cmul K c (ctwice (csub delta mu)) in
  if is_zero K mu then
    Form [(lscale K e H, dX); (lscale K (cmul K c delta) dG, dG)] [(f, copp K e); (h, e)]
  else
    let b := lsub K (lscale K e H) (lscale K (cmul K c (ctwice mu)) dG) in
    Form [(b, dX); (lscale K (cmul K c delta) dG, dG); (lscale K (cmul K c mu) dX, dX)] [(f, copp K e); (h, e)].

(* - 2 c (f_i - f_* - |g_i|^2 / 2) *)
Definition infimum_form (ps : list point) (t : nat * K) : form K :=
  let '(i, c) := t in
  let '(X, G, f) := nth i ps no_point in
  Form [(lscale K c G, G)] [(f, copp K (ctwice c)); (1%nat, ctwice c)].

(* - c (|g_i|^2 - t) *)
Definition smallest_form (ps : list point) (t : nat * K) : form K :=
  let '(i, c) := t in
  let '(X, G, f) := nth i ps no_point in
  Form [(lscale K (copp K c) G, G)] [(2%nat, c)].

(* - c times the measure; N is the number of the last point *)
Definition measure_form (m : measure_kind) (ps : list point) (N : nat) (c : K) : form K :=
  let '(X, G, f) := nth N ps no_point in
  match m with
  | ValueGap => Form [] [(f, copp K c); (1%nat, c)]
  | GradientNorm => Form [(lscale K (copp K c) G, G)] []
  | SmallestGradient => Form [] [(2%nat, copp K c)]
  | Distance => Form [(lscale K (copp K c) X, X)] []
  end.

Definition initial_form (m : initial_kind) (ps : list point) (c : K) : form K :=
  let '(X, G, f) := nth 0 ps no_point in
  match m with
  | InitialDistance => Form [(lscale K c X, X)] []
  | InitialGap => Form [] [(f, c); (1%nat, copp K c)]
  | InitialGradient => Form [(lscale K c G, G)] []
  end.

Definition small_pair (n : nat) (t : nat * K) : bool := (fst t <? n)%nat && nonnegative K (snd t).
Definition small_triple (n : nat) (t : nat * nat * K) : bool :=
  (fst (fst t) <? n)%nat && (snd (fst t) <? n)%nat && nonnegative K (snd t).
Definition good_shear (n : nat) (k : nat * linear) : bool :=
  (fst k <? n)%nat && nonzero K (nth (fst k) (snd k) (c0 K)).
Definition short_point (n : nat) (p : point) : bool :=
  (length (position K p) <=? n)%nat && (length (slope K p) <=? n)%nat.

Definition check (P : problem_data) (C : certificate_data) : bool :=
  let raw := points_of P in
  let n := length (method_points K (denominator P) (steps_of P)) in
  let ps := map (shear_point (kernel C)) raw in
  well_formed K (steps_of P)
  && is_positive K (denominator P) && is_positive K (delta P) && is_positive K (csub (delta P) (mu P))
  && is_positive K (rate_denominator C)
  && forallb (short_point (S n)) raw
  && forallb (good_shear (S n)) (kernel C)
  && forallb (small_triple (length raw)) (interpolation C)
  && forallb (small_pair n) (infimum C) && forallb (small_pair n) (smallest C)
  && nonnegative_residual K (columns C) (residual K
       ((map (interpolation_form (mu P) (delta P) ps) (interpolation C)
         ++ map (infimum_form ps) (infimum C) ++ map (smallest_form ps) (smallest C))
        ++ [measure_form (measure P) ps (pred n) (rate_denominator C);
            initial_form (initial P) ps (rate_numerator C)])).
End Computation.

(* What is measured, for a function f with gradient g, an origin o and points x_0, .., x_N. *)
Section Quantities.
Context {V : inner_space}.
Definition measured (m : measure_kind) (L : R) (f : V -> R) (g : V -> V) (f_star : R) (o : V) (xs : list V) : R :=
  match m with
  | ValueGap => (f (final xs) - f_star) / L
  | GradientNorm => norm2 (g (final xs)) / L ^ 2
  | SmallestGradient => smallest_gradient g xs / L ^ 2
  | Distance => norm2 (final xs - o)
  end.
Definition started (m : initial_kind) (L : R) (f : V -> R) (g : V -> V) (f_star : R) (o x0 : V) : R :=
  match m with
  | InitialDistance => norm2 (x0 - o)
  | InitialGap => (f x0 - f_star) / L
  | InitialGradient => norm2 (g x0) / L ^ 2
  end.
End Quantities.

Section Soundness.
Context {K : ring} (E : realisation K) {V : inner_space}.
Variables (f : V -> R) (g : V -> V) (L modulus : R).
Hypothesis HL : 0 < L.
Hypothesis Hclass : between_parabolas modulus L f g.
Notation val := (value E).

(* A formal point stands for x, with value f(x) and gradient g(x), all scaled to L = 1. *)
Section Points.
Variables (bs : list V) (fs : list R) (o : V).

Definition stands_for (p : point K) (x : V) : Prop :=
  alike (eval E (position K p) bs) (x - o) /\ alike (eval E (slope K p) bs) ((/ L) * g x)
  /\ nth (place K p) fs 0 = f x / L.

Lemma eval_interpolation_form : forall P ps i j c x y,
  val (mu K P) * L = modulus * val (delta K P) -> 0 < val (delta K P) -> 0 < val (csub K (delta K P) (mu K P)) ->
  0 <= val c ->
  stands_for (nth i ps (no_point K)) x -> stands_for (nth j ps (no_point K)) y ->
  eval_form E bs fs (interpolation_form K (mu K P) (delta K P) ps (i, j, c)) <= 0.
Proof.
  intros P ps i j c x y Hmu Hd Hdm Hc Sx Sy.
  set (mu_ := mu K P) in *. set (delta_ := delta K P) in *.
  unfold csub in Hdm. rewrite value_add, value_opp in Hdm.
  (* the inequality, for f/L, g/L and the ratio m *)
  set (m := val mu_ / val delta_).
  assert (modulus = m * L) as Em. { unfold m. apply Rmult_eq_reg_r with (val delta_); [|lra]. rewrite <- Hmu. field. lra. }
  assert (m < 1) as Hm. { unfold m. apply Rmult_lt_reg_r with (val delta_); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  assert (between_parabolas m 1 (fun x => f x / L) (fun x => (/ L) * g x)%V) as B.
  { intros u v. destruct (Hclass u v) as [B1 B2]. rewrite Em in B1. rewrite inner_times.
    assert (0 <= / L) as Hi by (left; apply Rinv_0_lt_compat; exact HL).
    apply (Rmult_le_compat_l (/ L)) in B1; [|exact Hi]. apply (Rmult_le_compat_l (/ L)) in B2; [|exact Hi].
    replace (/ L * (m * L / 2 * norm2 (v - u))) with (m / 2 * norm2 (v - u)) in B1 by (field; lra).
    replace (/ L * (L / 2 * norm2 (v - u))) with (1 / 2 * norm2 (v - u)) in B2 by (field; lra).
    unfold Rdiv. split; lra. }
  pose proof (interpolation_inequality V _ _ m Hm B x y) as I. cbv beta in I.
  assert (val mu_ = m * val delta_) as Emu by (unfold m; field; lra).
  (* the form is minus c delta times it *)
  destruct Sx as [X1 [X2 X3]]. destruct Sy as [Y1 [Y2 Y3]]. unfold interpolation_form.
  destruct (nth i ps (no_point K)) as [[X G] s] eqn:Ei. destruct (nth j ps (no_point K)) as [[Y H] h] eqn:Ej.
  unfold position, slope, place in *. cbn [fst snd] in *.
  assert (alike (eval E (lsub K X Y) bs) (x - y)) as DX.
  { intro z. rewrite eval_sub, X1, Y1. expand_inner. ring. }
  set (gx := ((/ L) * g x)%V) in *. set (gy := ((/ L) * g y)%V) in *.
  assert (alike (eval E (lsub K G H) bs) (gx - gy)) as DG.
  { intro z. rewrite eval_sub, X2, Y2. expand_inner. ring. }
  set (e := cmul K c (ctwice K (csub K delta_ mu_))).
  assert (val e = val c * (2 * (1 - m) * val delta_)) as Ee.
  { unfold e, ctwice, csub. rewrite !value_mul, !value_add, value_opp, Emu. ring. }
  assert (forall a c' u w Z, alike (eval E a bs) u -> alike Z w ->
    inner (eval E (lscale K c' a) bs) Z = val c' * inner u w) as Scaled.
  { intros a c' u w Z Ha Hb. rewrite eval_scale. f_equal. apply alike_inner; assumption. }
  set (fx := f x / L) in *. set (fy := f y / L) in *.
  assert (0 <= val c * val delta_) as Pcd by (apply Rmult_le_pos; lra).
  pose proof (Rmult_le_pos _ _ Pcd I) as Goal. unfold norm2 in Goal.
  destruct (is_zero K mu_) eqn:Z.
  - apply (is_zero_ok E) in Z. rewrite Z in Emu.
    assert (m = 0) as M0. { apply Rmult_eq_reg_r with (val delta_); [|lra]. rewrite <- Emu. ring. }
    unfold eval_form. cbn [eval_products eval_multiples products multiples fold_right fst snd].
    rewrite (Scaled _ _ _ _ _ Y2 DX), (Scaled _ _ _ _ _ DG DG), X3, Y3, value_opp, Ee, value_mul.
    rewrite M0 in *. lra.
  - unfold eval_form. cbn [eval_products eval_multiples products multiples fold_right fst snd].
    rewrite eval_sub, (Scaled _ _ _ _ _ Y2 DX), (Scaled _ _ _ _ _ DG DX), (Scaled _ _ _ _ _ DG DG), (Scaled _ _ _ _ _ DX DX).
    rewrite X3, Y3, value_opp, Ee, !value_mul. unfold ctwice. rewrite value_add, Emu. lra.
Qed.

Lemma eval_infimum_form : forall ps i c x f_star,
  nth 1 fs 0 = f_star / L -> (forall y, f_star <= f y) -> 0 <= val c ->
  stands_for (nth i ps (no_point K)) x -> eval_form E bs fs (infimum_form K ps (i, c)) <= 0.
Proof.
  intros ps i c x f_star Hs Hf Hc [X1 [X2 X3]]. unfold infimum_form.
  destruct (nth i ps (no_point K)) as [[X G] s]. unfold position, slope, place in *. cbn [fst snd] in *.
  unfold eval_form. cbn [eval_products eval_multiples products multiples fold_right fst snd].
  rewrite eval_scale, (alike_inner _ _ _ _ X2 X2), X3, Hs, value_opp. unfold ctwice. rewrite value_add.
  assert (forall u v, (f v / L) - (f u / L) - inner ((/ L) * g u)%V (v - u)%V <= / 2 * norm2 (v - u)) as B.
  { intros u v. destruct (Hclass u v) as [_ B2]. rewrite inner_times.
    apply (Rmult_le_compat_l (/ L)) in B2; [|left; apply Rinv_0_lt_compat; exact HL].
    replace (/ L * (L / 2 * norm2 (v - u))) with (/ 2 * norm2 (v - u)) in B2 by (field; lra). unfold Rdiv. lra. }
  assert (forall y, f_star / L <= f y / L) as Hf'.
  { intro y. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact HL|apply Hf]. }
  pose proof (gradient_step_decreases (fun x => f x / L) (fun x => (/ L) * g x)%V B _ Hf' x) as D. cbv beta in D.
  unfold norm2 in D. set (q := inner _ _) in *.
  pose proof (Rmult_le_compat_l _ _ _ Hc D). lra.
Qed.

Lemma eval_smallest_form : forall ps i c x t,
  nth 2 fs 0 = t -> t <= norm2 ((/ L) * g x) -> 0 <= val c ->
  stands_for (nth i ps (no_point K)) x -> eval_form E bs fs (smallest_form K ps (i, c)) <= 0.
Proof.
  intros ps i c x t Ht Hx Hc [X1 [X2 X3]]. unfold smallest_form.
  destruct (nth i ps (no_point K)) as [[X G] s]. unfold position, slope, place in *. cbn [fst snd] in *.
  unfold eval_form. cbn [eval_products eval_multiples products multiples fold_right fst snd].
  rewrite eval_scale, (alike_inner _ _ _ _ X2 X2), Ht, value_opp. unfold norm2 in Hx.
  pose proof (Rmult_le_compat_l _ _ _ Hc Hx). lra.
Qed.
End Points.

(* Changes of basis. *)
Fixpoint sheared_all (k : list (nat * list K)) (bs : list V) : list V := match k with
  | [] => bs
  | v :: k' => sheared_all k' (sheared E v bs)
  end.

Lemma lset_length : forall i c (a : list K) n, (length a <= n)%nat -> (i < n)%nat -> (length (lset K i c a) <= n)%nat.
Proof.
  induction i as [|i IH]; intros c a n La Li; simpl.
  - destruct a; simpl in *; lia.
  - destruct n as [|n]; [lia|]. apply le_n_S. apply IH; [destruct a; simpl in *; lia|lia].
Qed.

Lemma shear_all_ok : forall k bs a, forallb (good_shear K (length bs)) k = true -> (length a <= length bs)%nat ->
  alike (eval E (shear_all K k a) (sheared_all k bs)) (eval E a bs).
Proof.
  induction k as [|v k IH]; intros bs a G La; [apply alike_refl|].
  simpl in G. apply andb_true_iff in G. destruct G as [G1 G2]. unfold good_shear in G1.
  apply andb_true_iff in G1. destruct G1 as [G0 G1]. apply Nat.ltb_lt in G0. apply (nonzero_ok K E) in G1.
  cbn [shear_all sheared_all fold_left]. eapply alike_trans.
  - apply (IH (sheared E v bs)); [rewrite sheared_length; exact G2|].
    rewrite sheared_length. destruct v as [p z]. apply lset_length; assumption.
  - intro z. apply eval_shear; assumption.
Qed.

Lemma all_sampled_length : forall bs o i ps xs, all_sampled E L g o bs i ps xs -> length ps = length xs.
Proof. intros bs o i ps. revert i. induction ps as [|p ps IH]; intros i [|x xs] H; simpl in *; try contradiction; auto.
  f_equal. destruct H. eapply IH; eassumption. Qed.

Lemma all_sampled_nth : forall bs o ps xs i k d d', all_sampled E L g o bs i ps xs -> (k < length ps)%nat ->
  sampled E L g o bs (i + k) (nth k ps d) (nth k xs d').
Proof.
  intros bs o. induction ps as [|p ps IH]; intros xs i k d d' H Lk; [simpl in Lk; lia|].
  destruct xs as [|x xs]; [contradiction|]. destruct H as [H1 H2]. destruct k as [|k]; simpl.
  - rewrite Nat.add_0_r. exact H1.
  - replace (i + S k)%nat with (S i + k)%nat by lia. apply IH; [exact H2|simpl in Lk; lia].
Qed.

Lemma final_nth : forall (xs : list V) d, (0 < length xs)%nat -> nth (pred (length xs)) xs d = final xs.
Proof.
  intros xs d H. unfold final. destruct xs as [|x xs]; [simpl in H; lia|]. clear H. revert x.
  induction xs as [|y xs IH]; intro x; [reflexivity|].
  change (last (x :: y :: xs) zero) with (last (y :: xs) zero). rewrite <- (IH y). reflexivity.
Qed.

Lemma trajectory_head : forall x0 m, exists rest, trajectory L g x0 m = x0 :: rest.
Proof. intros x0 [[|h hs]|rows]; simpl; eexists; reflexivity. Qed.

Lemma smallest_gradient_scaled : forall xs, xs <> [] ->
  smallest_gradient (fun x => (/ L) * g x)%V xs = smallest_gradient g xs / L ^ 2.
Proof.
  assert (forall c l, 0 < c -> l <> [] -> least (map (fun a => c * a) l) = c * least l) as Sc.
  { intros c l Hc. induction l as [|a l IH]; intro N; [contradiction|]. destruct l as [|b l]; [reflexivity|].
    change (Rmin (c * a) (least (map (fun a => c * a) (b :: l))) = c * Rmin a (least (b :: l))).
    rewrite IH by discriminate. symmetry. unfold Rmin.
    destruct (Rle_dec a (least (b :: l))), (Rle_dec (c * a) (c * least (b :: l))); try reflexivity; exfalso; nra. }
  intros xs N. unfold smallest_gradient.
  assert (map (fun x => norm2 ((/ L) * g x)) xs = map (fun a => / L ^ 2 * a) (map (fun x => norm2 (g x)) xs)) as ->.
  { rewrite map_map. apply map_ext. intro x. expand_inner. field. lra. }
  rewrite Sc.
  - unfold Rdiv. ring.
  - apply Rinv_0_lt_compat. apply pow_lt. exact HL.
  - destruct xs; [contradiction|discriminate].
Qed.

(* The main theorem: the origin o is x_*, or x_0 if there is no minimiser. *)
Theorem check_sound : forall P C, check K P C = true ->
  val (mu K P) * L = modulus * val (delta K P) ->
  forall m, method_means E (denominator K P) (steps_of K P) m ->
  forall x0 o f_star,
  (forall y, f_star <= f y) ->
  (if star K P then f o = f_star /\ alike (g o) zero else o = x0) ->
  forall r, val (rate_numerator K C) = r * val (rate_denominator K C) ->
  measured (measure K P) L f g f_star o (trajectory L g x0 m) <= r * started (initial K P) L f g f_star o x0.
Proof.
  intros P C CH Hmu m Hm x0 o f_star Hf Ho r Hr. unfold check in CH.
  set (mp := method_points K (denominator K P) (steps_of K P)) in *.
  repeat (apply andb_true_iff in CH; destruct CH as [CH ?H]).
  rename H into Hres, H0 into Hsm, H1 into Hinf, H2 into Hint, H3 into Hk, H4 into Hshort, H5 into HK0, H6 into Hdm,
    H7 into Hd, H8 into HD, CH into Hw.
  apply (is_positive_ok K E) in HK0, Hdm, Hd, HD.
  set (xs := trajectory L g x0 m) in *.
  assert (L <> 0) as NL by lra. assert (val (denominator K P) <> 0) as ND by lra.
  pose proof (method_sampled E L g o (denominator K P) NL ND (steps_of K P) m x0 Hm Hw) as S.
  cbv zeta in S. fold xs mp in S. set (bs := basis E L g o (denominator K P) x0 xs) in *.
  pose proof (all_sampled_length _ _ _ _ _ S) as Len.
  assert (length bs = Datatypes.S (length mp)) as Lbs by (unfold bs, basis; simpl; rewrite map_length, Len; reflexivity).
  set (bs' := sheared_all (kernel K C) bs).
  set (t := smallest_gradient (fun x => (/ L) * g x)%V xs).
  set (fs := 1 :: f_star / L :: t :: map (fun x => f x / L) xs).
  set (all := xs ++ if star K P then [o] else []).
  set (raw := points_of K P) in *. set (ps := map (shear_point K (kernel K C)) raw) in *.
  assert (length raw = length all) as Lraw.
  { unfold raw, points_of, all. fold mp. rewrite !app_length, Len. destruct (star K P); reflexivity. }
  (* every formal point stands for its point *)
  assert (forall k, (k < length raw)%nat -> stands_for bs' fs o (nth k ps (no_point K)) (nth k all zero)) as SF.
  { intros k Lk.
    assert (exists i, alike (eval E (position K (nth k raw (no_point K))) bs) (nth k all zero - o)
      /\ alike (eval E (slope K (nth k raw (no_point K))) bs) ((/ L) * g (nth k all zero))
      /\ place K (nth k raw (no_point K)) = i /\ nth i fs 0 = f (nth k all zero) / L) as [i [A1 [A2 [A3 A4]]]].
    { unfold raw, points_of, all. fold mp. destruct (Nat.lt_ge_cases k (length mp)) as [Lt|Ge].
      - rewrite !app_nth1 by lia. exists (3 + k)%nat.
        destruct (all_sampled_nth _ _ _ _ 0 k (no_point K) zero S Lt) as [B1 [B2 B3]].
        repeat split; try assumption. unfold fs. simpl.
        rewrite (nth_indep _ 0 (f zero / L)) by (rewrite map_length; lia). rewrite (map_nth (fun x => f x / L)). reflexivity.
      - assert (k = length mp /\ star K P = true) as [Ek Es].
        { unfold raw, points_of in Lk. fold mp in Lk. rewrite app_length in Lk. destruct (star K P); simpl in Lk; split; try lia; reflexivity. }
        rewrite Es in *. destruct Ho as [Ho1 Ho2]. rewrite !app_nth2 by lia. rewrite Ek, Nat.sub_diag, Len, Nat.sub_diag. simpl.
        exists 1%nat. repeat split.
        + intro z. simpl. expand_inner. ring.
        + intro z. unfold slope. simpl. rewrite inner_times, Ho2, inner_zero. ring.
        + unfold fs. simpl. rewrite Ho1. reflexivity. }
    rewrite forallb_forall in Hshort. specialize (Hshort (nth k raw (no_point K)) (nth_In _ _ Lk)).
    unfold short_point in Hshort. apply andb_true_iff in Hshort. destruct Hshort as [S1 S2]. apply Nat.leb_le in S1, S2.
    rewrite <- Lbs in Hk, S1, S2.
    assert (nth k ps (no_point K) = shear_point K (kernel K C) (nth k raw (no_point K))) as ->.
    { unfold ps. rewrite (nth_indep _ (no_point K) (shear_point K (kernel K C) (no_point K))) by (rewrite map_length; exact Lk).
      apply map_nth. }
    unfold shear_point. repeat split.
    - eapply alike_trans; [apply shear_all_ok; assumption|exact A1].
    - eapply alike_trans; [apply shear_all_ok; assumption|exact A2].
    - cbn [place snd]. rewrite A3. exact A4. }
  assert (forall p : nat, (p < length mp -> p < length raw)%nat) as Less.
  { intros p Hp. rewrite Lraw. unfold all. rewrite app_length. lia. }
  assert (0 < length mp)%nat as Pos. { rewrite Len. unfold xs. destruct (trajectory_head x0 m) as [rest ->]. simpl. lia. }
  assert (forall k, (k < length mp)%nat -> nth k all zero = nth k xs zero) as AllXs.
  { intros k Hk'. unfold all. apply app_nth1. lia. }
  apply (multipliers_prove E bs' fs eq_refl) in Hres.
  - (* the conclusion *)
    cbn [fold_right] in Hres.
    assert (eval_form E bs' fs (measure_form K (measure K P) ps (pred (length mp)) (rate_denominator K C))
      = - val (rate_denominator K C) * measured (measure K P) L f g f_star o xs) as Em.
    { pose proof (SF (pred (length mp)) (Less (pred (length mp)) ltac:(lia))) as [X1 [X2 X3]].
      assert (nth (pred (length mp)) all zero = final xs) as Ef.
      { rewrite AllXs by lia. rewrite Len. apply final_nth. lia. }
      rewrite Ef in X1, X2, X3. unfold measure_form.
      destruct (nth _ ps (no_point K)) as [[X G] s]. unfold position, slope, place in *. cbn [fst snd] in *.
      unfold eval_form, measured. destruct (measure K P);
        cbn [eval_products eval_multiples products multiples fold_right fst snd];
        rewrite ?eval_scale, ?(alike_inner _ _ _ _ X1 X1), ?(alike_inner _ _ _ _ X2 X2), ?X3, ?value_opp.
      - unfold fs. simpl. field. lra.
      - expand_inner. field. lra.
      - unfold fs. cbn [nth]. unfold t. rewrite smallest_gradient_scaled; [ring|]. intro Hnil. rewrite Hnil in Len. simpl in Len. lia.
      - unfold norm2. ring. }
    assert (eval_form E bs' fs (initial_form K (initial K P) ps (rate_numerator K C))
      = val (rate_numerator K C) * started (initial K P) L f g f_star o x0) as Ei.
    { pose proof (SF 0%nat (Less 0%nat Pos)) as [X1 [X2 X3]].
      assert (nth 0 all zero = x0) as Ex.
      { rewrite AllXs by lia. unfold xs. destruct (trajectory_head x0 m) as [rest ->]. reflexivity. }
      rewrite Ex in X1, X2, X3. unfold initial_form.
      destruct (nth _ ps (no_point K)) as [[X G] s]. unfold position, slope, place in *. cbn [fst snd] in *.
      unfold eval_form, started. destruct (initial K P);
        cbn [eval_products eval_multiples products multiples fold_right fst snd];
        rewrite ?eval_scale, ?(alike_inner _ _ _ _ X1 X1), ?(alike_inner _ _ _ _ X2 X2), ?X3, ?value_opp.
      - unfold norm2. ring.
      - unfold fs. simpl. field. lra.
      - expand_inner. field. lra. }
    rewrite Em, Ei, Hr in Hres.
    apply Rmult_le_reg_l with (val (rate_denominator K C)); [exact HK0|]. lra.
  - (* the hypotheses *)
    rewrite forallb_forall in Hint, Hinf, Hsm. apply Forall_forall. intros phi Hin.
    apply in_app_or in Hin. destruct Hin as [Hin|Hin]; [|apply in_app_or in Hin; destruct Hin as [Hin|Hin]];
      apply in_map_iff in Hin; destruct Hin as [a [<- Ha]].
    + specialize (Hint a Ha). destruct a as [[i j] c]. unfold small_triple in Hint. cbn [fst snd] in Hint.
      apply andb_true_iff in Hint. destruct Hint as [Hij Hc]. apply andb_true_iff in Hij. destruct Hij as [Hi Hj].
      apply Nat.ltb_lt in Hi, Hj. apply (nonnegative_ok E) in Hc.
      apply (eval_interpolation_form bs' fs o P ps i j c _ _ Hmu Hd Hdm Hc (SF i Hi) (SF j Hj)).
    + specialize (Hinf a Ha). destruct a as [i c]. unfold small_pair in Hinf. cbn [fst snd] in Hinf.
      apply andb_true_iff in Hinf. destruct Hinf as [Hi Hc]. apply Nat.ltb_lt in Hi. apply (nonnegative_ok E) in Hc.
      apply (eval_infimum_form bs' fs o ps i c _ f_star eq_refl Hf Hc (SF i (Less i Hi))).
    + specialize (Hsm a Ha). destruct a as [i c]. unfold small_pair in Hsm. cbn [fst snd] in Hsm.
      apply andb_true_iff in Hsm. destruct Hsm as [Hi Hc]. apply Nat.ltb_lt in Hi. apply (nonnegative_ok E) in Hc.
      apply (eval_smallest_form bs' fs o ps i c (nth i all zero) t eq_refl); [|exact Hc|exact (SF i (Less i Hi))].
      unfold t, smallest_gradient. apply least_below. apply in_map_iff. exists (nth i all zero). split; [reflexivity|].
      rewrite AllXs by exact Hi. apply nth_In. lia.
Qed.
End Soundness.

(* The same with all that a statement needs computed beforehand: the kernel of Coq then has nothing to unfold. *)
Section Readable.
Lemma trajectory_of_gradient_descent : forall (V : inner_space) L (g : V -> V) x0 steps,
  trajectory L g x0 (Real_gradient_descent steps) = gradient_descent L g x0 steps.
Proof. reflexivity. Qed.
Lemma trajectory_of_fixed_step : forall (V : inner_space) L (g : V -> V) x0 rows,
  trajectory L g x0 (Real_fixed_step rows) = fixed_step L g x0 rows.
Proof. reflexivity. Qed.
Context {K : ring} (E : realisation K).

Theorem rate_with_minimiser : forall P C, check K P C = true -> star K P = true ->
  forall me ini mu0 delta0 den md num rden,
  measure K P = me -> initial K P = ini -> mu K P = mu0 -> delta K P = delta0 -> denominator K P = den ->
  steps_of K P = md -> rate_numerator K C = num -> rate_denominator K C = rden ->
  forall (V : inner_space) (f : V -> R) (g : V -> V) (L modulus : R), 0 < L ->
  between_parabolas modulus L f g -> gradient f g ->
  value E mu0 * L = modulus * value E delta0 ->
  forall m, method_means E den md m ->
  forall r, value E num = r * value E rden ->
  forall x_star, minimiser f x_star -> forall x0 xs, trajectory L g x0 m = xs ->
  measured me L f g (f x_star) x_star xs
  <= r * started ini L f g (f x_star) x_star x0.
Proof.
  intros P C H Hs me ini mu0 delta0 den md num rden <- <- <- <- <- <- <- <- V f g L modulus HL B G Hmu m Hm r Hr x_star Hx x0 xs <-.
  apply (check_sound E f g L modulus HL B P C H Hmu m Hm x0 x_star (f x_star) Hx); [|exact Hr].
  rewrite Hs. split; [reflexivity|]. apply (gradient_at_minimiser f g G x_star Hx).
Qed.

Theorem rate_with_infimum : forall P C, check K P C = true -> star K P = false ->
  forall me ini mu0 delta0 den md num rden,
  measure K P = me -> initial K P = ini -> mu K P = mu0 -> delta K P = delta0 -> denominator K P = den ->
  steps_of K P = md -> rate_numerator K C = num -> rate_denominator K C = rden ->
  forall (V : inner_space) (f : V -> R) (g : V -> V) (L modulus : R), 0 < L ->
  between_parabolas modulus L f g ->
  value E mu0 * L = modulus * value E delta0 ->
  forall m, method_means E den md m ->
  forall r, value E num = r * value E rden ->
  forall f_star, (forall y, f_star <= f y) -> forall x0 xs, trajectory L g x0 m = xs ->
  measured me L f g f_star x0 xs <= r * started ini L f g f_star x0 x0.
Proof.
  intros P C H Hs me ini mu0 delta0 den md num rden <- <- <- <- <- <- <- <- V f g L modulus HL B Hmu m Hm r Hr f_star Hf x0 xs <-.
  apply (check_sound E f g L modulus HL B P C H Hmu m Hm x0 x0 f_star Hf); [|exact Hr].
  rewrite Hs. reflexivity.
Qed.
End Readable.
