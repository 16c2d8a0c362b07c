(* Networks with rectifiers over the rational numbers, and their Lipschitz constants.

   A layer is an affine map given by integers over a common denominator; between layers stands the activation max(y, s y), 0 <= s <= 1.
   For two inputs, the difference dy of the arguments of one activation and the difference dz of its values satisfy
   (dz - s dy)(dy - dz) >= 0. A nonnegative multiplier for every neuron makes |f(x) - f(y)|^2 <= r |x - y|^2 an identity. *)
From Coq Require Import Reals Lra Psatz ZArith List Bool Arith Lia.
From Pep Require Import Space Ring LinearForms QuadraticForms Statement Rate Listed Integers Spaces.
Import ListNotations.
Open Scope R_scope.

(* Row j stands for (sum of weights_ji x_i + bias_j) / unit; the slope of neuron j for negative arguments is slopes_j / unit. *)
Record layer := Layer { unit : Z; weights : list (list Z); bias : list Z; slopes : list Z }.

Definition dot (row : list Z) (x : list R) : R := fold_right (fun wx s => IZR (fst wx) * snd wx + s) 0 (combine row x).
Definition affine (l : layer) (x : list R) : list R :=
  map (fun rb => (dot (fst rb) x + IZR (snd rb)) / IZR (unit l)) (combine (weights l) (bias l)).
Definition activation (s y : R) : R := Rmax y (s * y).
Definition activate (l : layer) (y : list R) : list R :=
  map (fun sy => activation (IZR (fst sy) / IZR (unit l)) (snd sy)) (combine (slopes l) y).

(* The value of the network: hidden layers with activations, then a last layer without. *)
Fixpoint network (hidden : list layer) (last_layer : layer) (x : list R) : list R := match hidden with
  | [] => affine last_layer x
  | l :: rest => network rest last_layer (activate l (affine l x))
  end.

Definition squared_distance (x y : list R) : R := fold_right (fun ab s => (fst ab - snd ab) ^ 2 + s) 0 (combine x y).

Section Computation.
Notation K := integers.
Notation linear := (list Z).

Definition combination (row : list Z) (prev : list linear) : linear :=
  fold_right (fun wx s => ladd K (lscale K (fst wx) (snd wx)) s) [] (combine row prev).

(* unit^3 times (dz - s dy)(dy - dz), where y is unit * dy *)
Definition neuron_form (u s : Z) (y z : linear) : form K :=
  Form [(lscale K (u * (u + s))%Z y, z); (lscale K (- (u * u * u))%Z z, z); (lscale K (- s)%Z y, y)] [].

Definition units (offset count : nat) : list linear := map (fun i => lunit K (offset + i) 1%Z) (seq 0 count).

Fixpoint slope_forms (offset : nat) (prev : list linear) (hidden : list layer) : list (form K) * list linear := match hidden with
  | [] => ([], prev)
  | l :: rest =>
    let ys := map (fun row => combination row prev) (weights l) in
    let zs := units offset (length ys) in
    let here := map (fun t => neuron_form (unit l) (fst t) (fst (snd t)) (snd (snd t))) (combine (slopes l) (combine ys zs)) in
    let more := slope_forms (offset + length ys) zs rest in
    (here ++ fst more, snd more)
  end.

Definition fits (inputs : nat) (l : layer) : bool :=
  (0 <? unit l)%Z && (length (bias l) =? length (weights l))%nat && forallb (fun row => (length row =? inputs)%nat) (weights l).
Fixpoint all_fit (inputs : nat) (hidden : list layer) (last_layer : layer) : bool := match hidden with
  | [] => fits inputs last_layer
  | l :: rest => fits inputs l && (length (slopes l) =? length (weights l))%nat
      && forallb (fun s => (0 <=? s)%Z && (s <=? unit l)%Z) (slopes l) && all_fit (length (weights l)) rest last_layer
  end.
Fixpoint neurons (hidden : list layer) : nat := match hidden with [] => 0%nat | l :: rest => (length (weights l) + neurons rest)%nat end.

Definition lipschitz_check (inputs : nat) (hidden : list layer) (last_layer : layer) (rate_numerator rate_denominator : Z)
    (multipliers : list Z) (kernel : list (nat * linear)) (columns : list linear) : bool :=
  let start := units 0 inputs in
  let forms := slope_forms inputs start hidden in
  all_fit inputs hidden last_layer &&
  check_listed K (inputs + neurons hidden) (fst forms) []
    (Form (K := K) (map (fun row => let y := combination row (snd forms) in (y, y)) (weights last_layer)) [])
    (Form (K := K) (map (fun z => (z, z)) start) [])
    rate_numerator rate_denominator multipliers [] kernel columns.
End Computation.

Section Meaning.
Notation K := integers.
Notation E := integers_real.
Notation linear := (list Z).

Definition at_ (bs : list R) (a : linear) : R := eval E (V := line) a bs.
Definition differences (x y : list R) : list R := map (fun ab => fst ab - snd ab) (combine x y).

Lemma at_add : forall bs a b, at_ bs (ladd K a b) = at_ bs a + at_ bs b.
Proof. intros. pose proof (eval_add E (V := line) a b bs 1) as H. simpl in H. unfold at_. lra. Qed.
Lemma at_scale : forall bs c a, at_ bs (lscale K c a) = IZR c * at_ bs a.
Proof. intros. pose proof (eval_scale E (V := line) c a bs 1) as H. simpl in H. unfold at_. lra. Qed.
Lemma at_unit : forall bs i, at_ bs (lunit K i 1%Z) = nth i bs 0.
Proof.
  intros. pose proof (eval_unit E (V := line) i 1%Z bs 1) as H. simpl in H. unfold at_.
  change (nth i bs 0) with (nth i bs (zero : line)). simpl in *. lra.
Qed.

Lemma activation_slopes : forall s a b, 0 <= s <= 1 ->
  0 <= (activation s a - activation s b - s * (a - b)) * ((a - b) - (activation s a - activation s b)).
Proof.
  assert (forall s a, 0 <= s <= 1 -> activation s a = if Rle_dec 0 a then a else s * a) as A.
  { intros s a H. unfold activation. destruct (Rle_dec 0 a); [apply Rmax_left|apply Rmax_right]; nra. }
  intros s a b H. rewrite !A by exact H. destruct (Rle_dec 0 a), (Rle_dec 0 b).
  - replace ((a - b - s * (a - b)) * (a - b - (a - b))) with 0 by ring. lra.
  - replace ((a - s * b - s * (a - b)) * (a - b - (a - s * b))) with ((1 - s) * (1 - s) * (a * - b)) by ring.
    apply Rmult_le_pos; nra.
  - replace ((s * a - b - s * (a - b)) * (a - b - (s * a - b))) with ((1 - s) * (1 - s) * (b * - a)) by ring.
    apply Rmult_le_pos; nra.
  - replace ((s * a - s * b - s * (a - b)) * (a - b - (s * a - s * b))) with 0 by ring. lra.
Qed.

Lemma at_combination : forall bs row prev x y, Forall2 (fun a d => at_ bs a = d) prev (differences x y) -> length x = length y ->
  length row = length x -> at_ bs (combination row prev) = dot row x - dot row y.
Proof.
  intros bs. induction row as [|w row IH]; intros prev x y H L Lr.
  - unfold combination, dot, at_. simpl. ring.
  - destruct x as [|a x]; [discriminate|]. destruct y as [|b y]; [discriminate|].
    unfold differences in H. simpl in H. inversion H as [|c d prev' ds Hc Hp]; subst.
    change (combination (w :: row) (c :: prev')) with (ladd K (lscale K w c) (combination row prev')).
    change (dot (w :: row) (a :: x)) with (IZR w * a + dot row x). change (dot (w :: row) (b :: y)) with (IZR w * b + dot row y).
    rewrite at_add, at_scale, Hc, (IH prev' x y Hp) by (simpl in *; lia). ring.
Qed.

Lemma affine_length : forall n l x, fits n l = true -> length (affine l x) = length (weights l).
Proof.
  intros n l x H. unfold fits in H. apply andb_true_iff in H. destruct H as [H _]. apply andb_true_iff in H. destruct H as [_ H].
  apply Nat.eqb_eq in H. unfold affine. rewrite map_length, combine_length, H. lia.
Qed.

(* unit * (difference of the arguments) *)
Lemma at_affine : forall bs l prev x y, fits (length x) l = true -> length x = length y ->
  Forall2 (fun a d => at_ bs a = d) prev (differences x y) ->
  Forall2 (fun a d => at_ bs a = IZR (unit l) * d) (map (fun row => combination row prev) (weights l))
    (differences (affine l x) (affine l y)).
Proof.
  intros bs l prev x y F L H. unfold fits in F. apply andb_true_iff in F. destruct F as [F F3].
  apply andb_true_iff in F. destruct F as [F1 F2]. apply Z.ltb_lt in F1. apply Nat.eqb_eq in F2. apply IZR_lt in F1.
  unfold affine, differences. revert F2. generalize (bias l) as bi. induction (weights l) as [|row rows IH]; intros bi F2.
  - simpl. constructor.
  - destruct bi as [|b bi]; [discriminate|]. simpl in F3. apply andb_true_iff in F3. destruct F3 as [Fr F3].
    apply Nat.eqb_eq in Fr. simpl. constructor; [|apply IH; [exact F3|simpl in F2; lia]].
    rewrite (at_combination bs row prev x y H L Fr). field. lra.
Qed.

Fixpoint deltas (hidden : list layer) (x y : list R) : list R := match hidden with
  | [] => []
  | l :: rest => let a := activate l (affine l x) in let b := activate l (affine l y) in differences a b ++ deltas rest a b
  end.

Lemma differences_length : forall x y : list R, length x = length y -> length (differences x y) = length x.
Proof. intros x y H. unfold differences. rewrite map_length, combine_length, H. lia. Qed.

Lemma units_at : forall (pre ds post : list R),
  Forall2 (fun a d => at_ (pre ++ ds ++ post) a = d) (units (length pre) (length ds)) ds.
Proof.
  intros pre ds post. unfold units. revert pre. induction ds as [|d ds IH]; intro pre; [constructor|].
  cbn [length seq map]. constructor.
  - rewrite at_unit, Nat.add_0_r. rewrite app_nth2 by lia. rewrite Nat.sub_diag. reflexivity.
  - rewrite <- seq_shift, map_map. specialize (IH (pre ++ [d])). rewrite app_length in IH. simpl in IH.
    replace (pre ++ (d :: ds) ++ post) with ((pre ++ [d]) ++ ds ++ post) by (rewrite <- app_assoc; reflexivity).
    assert (map (fun i => lunit K (length pre + S i) 1%Z) (seq 0 (length ds))
            = map (fun i => lunit K (length pre + 1 + i) 1%Z) (seq 0 (length ds))) as ->; [|exact IH].
    apply map_ext. intro i. replace (length pre + S i)%nat with (length pre + 1 + i)%nat by lia. reflexivity.
Qed.

Lemma neuron_ok : forall bs u s y z (a b : R), (0 < u)%Z -> (0 <= s <= u)%Z -> at_ bs y = IZR u * (a - b) ->
  at_ bs z = activation (IZR s / IZR u) a - activation (IZR s / IZR u) b ->
  0 <= eval_form E (V := line) bs [1] (neuron_form u s y z).
Proof.
  intros bs u s y z a b Hu Hs Hy Hz. apply IZR_lt in Hu. destruct Hs as [Hs1 Hs2]. apply IZR_le in Hs1, Hs2.
  unfold eval_form, neuron_form. cbn [products multiples eval_products eval_multiples fold_right fst snd].
  assert (forall p q : linear, inner (eval E (V := line) p bs) (eval E (V := line) q bs) = at_ bs p * at_ bs q) as I by reflexivity.
  rewrite !I, !at_scale, Hy, Hz. rewrite ?mult_IZR, ?opp_IZR, ?mult_IZR, ?plus_IZR.
  set (U := IZR u) in *. set (S := IZR s) in *. assert (0 <= S / U <= 1) as Hd.
  { split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]|].
    apply Rmult_le_reg_r with U; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  pose proof (activation_slopes (S / U) a b Hd) as P.
  set (dz := activation (S / U) a - activation (S / U) b) in *.
  assert (0 <= U ^ 3) as PU by (apply pow_le; lra). pose proof (Rmult_le_pos _ _ PU P) as Q.
  match goal with |- 0 <= ?g => replace g with (U ^ 3 * ((dz - S / U * (a - b)) * (a - b - dz))); [exact Q|field; lra] end.
Qed.

Lemma activate_length : forall l y, length (slopes l) = length y -> length (activate l y) = length y.
Proof. intros l y H. unfold activate. rewrite map_length, combine_length, H. lia. Qed.

(* All forms of the hidden layers are nonnegative, and the last ones stand for the differences of the inputs of the last layer. *)
Lemma forms_ok : forall hidden last_layer x y pre prev, length x = length y -> all_fit (length x) hidden last_layer = true ->
  Forall2 (fun a d => at_ (pre ++ deltas hidden x y) a = d) prev (differences x y) ->
  let bs := pre ++ deltas hidden x y in let forms := slope_forms (length pre) prev hidden in
  Forall (fun phi => 0 <= eval_form E (V := line) bs [1] phi) (fst forms) /\
  Forall2 (fun a d => at_ bs a = IZR (unit last_layer) * d) (map (fun row => combination row (snd forms)) (weights last_layer))
    (differences (network hidden last_layer x) (network hidden last_layer y)).
Proof.
  induction hidden as [|l rest IH]; intros last_layer x y pre prev L F H bs forms.
  - split; [constructor|]. apply at_affine; [exact F|exact L|exact H].
  - cbn [all_fit] in F. apply andb_true_iff in F. destruct F as [F Frest]. apply andb_true_iff in F. destruct F as [F Fs].
    apply andb_true_iff in F. destruct F as [Ff Fl]. apply Nat.eqb_eq in Fl.
    pose proof (affine_length (length x) l x Ff) as Lx. assert (length (affine l y) = length (weights l)) as Ly
      by (apply affine_length with (length x); exact Ff).
    set (a := affine l x) in *. set (b := affine l y) in *.
    assert (length (activate l a) = length (weights l)) as La by (rewrite activate_length; lia).
    assert (length (activate l b) = length (weights l)) as Lb by (rewrite activate_length; lia).
    assert (length (activate l a) = length (activate l b)) as Lab by lia.
    set (ds := differences (activate l a) (activate l b)).
    assert (length ds = length (weights l)) as Lds by (unfold ds; rewrite differences_length; lia).
    assert (bs = pre ++ ds ++ deltas rest (activate l a) (activate l b)) as Ebs by reflexivity.
    pose proof (units_at pre ds (deltas rest (activate l a) (activate l b))) as HZ. rewrite <- Ebs, Lds in HZ.
    pose proof (at_affine bs l prev x y Ff L H) as HY. fold a b in HY.
    assert (pre ++ ds ++ deltas rest (activate l a) (activate l b) = (pre ++ ds) ++ deltas rest (activate l a) (activate l b))
      as Eapp by (rewrite app_assoc; reflexivity).
    assert (length (pre ++ ds) = (length pre + length (map (fun row => combination row prev) (weights l)))%nat) as Loff
      by (rewrite app_length, map_length; lia).
    specialize (IH last_layer (activate l a) (activate l b) (pre ++ ds) (units (length pre) (length (weights l))) Lab).
    rewrite La in IH. specialize (IH Frest). rewrite <- Eapp, <- Ebs in IH. specialize (IH HZ). cbv zeta in IH.
    rewrite Loff, map_length in IH. destruct IH as [IH1 IH2].
    unfold forms. cbn [slope_forms fst snd network]. rewrite map_length. split; [|exact IH2].
    apply Forall_app. split; [|exact IH1].
    (* the neurons of this layer *)
    apply Forall_forall. intros phi Hin. apply in_map_iff in Hin. destruct Hin as [[s [yf zf]] [<- Hin]]. cbn [fst snd].
    assert (0 < unit l)%Z as Pu. { unfold fits in Ff. apply andb_true_iff in Ff. destruct Ff as [Ff _].
      apply andb_true_iff in Ff. destruct Ff as [Ff _]. apply Z.ltb_lt in Ff. exact Ff. }
    rewrite forallb_forall in Fs. pose proof (Fs s (in_combine_l _ _ _ _ Hin)) as Hs.
    apply andb_true_iff in Hs. destruct Hs as [Hs1 Hs2]. apply Z.leb_le in Hs1, Hs2.
    destruct (In_nth _ _ (0%Z, ([], [])) Hin) as [k [Lk Ek]]. rewrite !combine_length, map_length in Lk.
    unfold units in Lk. rewrite map_length, seq_length in Lk.
    rewrite combine_nth in Ek by (rewrite combine_length, map_length; unfold units; rewrite map_length, seq_length; lia).
    rewrite combine_nth in Ek by (rewrite map_length; unfold units; rewrite map_length, seq_length; reflexivity).
    injection Ek as Es Eyf Ezf.
    assert (forall P (l1 : list linear) (l2 : list R) d1 d2, Forall2 P l1 l2 -> (k < length l1)%nat -> P (nth k l1 d1) (nth k l2 d2)) as Nth.
    { clear. intros P l1 l2 d1 d2 H. revert k. induction H as [|p q l1 l2 Hpq _ IH]; intros k Hk; [simpl in Hk; lia|].
      destruct k; [exact Hpq|]. apply IH. simpl in Hk. lia. }
    apply neuron_ok with (a := nth k a 0) (b := nth k b 0); try lia.
    + pose proof (Nth _ _ _ [] 0 HY ltac:(rewrite map_length; lia)) as N. cbv beta in N. rewrite Eyf in N. rewrite N. f_equal.
      unfold differences. rewrite (nth_indep _ 0 ((fun ab => fst ab - snd ab) (0, 0))) by (rewrite map_length, combine_length; lia).
      rewrite (map_nth (fun ab => fst ab - snd ab)), combine_nth by lia. reflexivity.
    + pose proof (Nth _ _ _ [] 0 HZ ltac:(unfold units; rewrite map_length, seq_length; lia)) as N. cbv beta in N.
      unfold units in N, Ezf. rewrite Ezf in N. rewrite N. unfold ds, differences.
      rewrite (nth_indep _ 0 ((fun ab => fst ab - snd ab) (0, 0))) by (rewrite map_length, combine_length; lia).
      rewrite (map_nth (fun ab => fst ab - snd ab)), combine_nth by lia. cbn [fst snd].
      assert (forall v, length v = length (weights l) -> nth k (activate l v) 0 = activation (IZR s / IZR (unit l)) (nth k v 0)) as Act.
      { intros v Lv. unfold activate.
        rewrite (nth_indep _ 0 ((fun sy => activation (IZR (fst sy) / IZR (unit l)) (snd sy)) (0%Z, 0))) by (rewrite map_length, combine_length; lia).
        rewrite (map_nth (fun sy => activation (IZR (fst sy) / IZR (unit l)) (snd sy))), combine_nth by lia. cbn [fst snd].
        rewrite Es. reflexivity. }
      rewrite !Act by lia. reflexivity.
Qed.

Lemma sum_squares : forall bs forms ds c, Forall2 (fun a d => at_ bs a = c * d) forms ds ->
  eval_products E (V := line) bs (map (fun z => (z, z)) forms) = c ^ 2 * fold_right (fun d s => d ^ 2 + s) 0 ds.
Proof.
  intros bs forms ds c H. induction H as [|a d forms ds Ha _ IH]; simpl; [ring|]. rewrite IH.
  change (eval E (V := line) a bs) with (at_ bs a). rewrite Ha. simpl. ring.
Qed.

Lemma squares_of_differences : forall x y, fold_right (fun d s => d ^ 2 + s) 0 (differences x y) = squared_distance x y.
Proof.
  induction x as [|a x IH]; intro y; [reflexivity|]. destruct y as [|b y]; [reflexivity|].
  unfold differences, squared_distance in *. simpl. rewrite IH. reflexivity.
Qed.

Theorem lipschitz_sound : forall inputs hidden last_layer num den multipliers kernel columns,
  lipschitz_check inputs hidden last_layer num den multipliers kernel columns = true ->
  forall r, IZR num = r * IZR (unit last_layer) ^ 2 * IZR den ->
  forall x y, length x = inputs -> length y = inputs ->
  squared_distance (network hidden last_layer x) (network hidden last_layer y) <= r * squared_distance x y.
Proof.
  intros inputs hidden last_layer num den multipliers kernel columns H r Hr x y Lx Ly. unfold lipschitz_check in H.
  apply andb_true_iff in H. destruct H as [F H]. subst inputs. assert (length x = length y) as L by lia.
  set (ds := differences x y). assert (length ds = length x) as Lds by (apply differences_length, L).
  pose proof (units_at [] ds (deltas hidden x y)) as U. simpl app in U. rewrite Lds in U. simpl length in U.
  assert (Forall2 (fun a d => at_ (ds ++ deltas hidden x y) a = d) (units 0 (length x)) ds) as U2 by exact U.
  destruct (forms_ok hidden last_layer x y ds (units 0 (length x)) L F U2) as [P1 P2]. rewrite Lds in P1, P2.
  assert (length (ds ++ deltas hidden x y) = (length x + neurons hidden)%nat) as Lbs.
  { rewrite app_length, Lds. f_equal. clear - F L. revert x y F L. induction hidden as [|l rest IH]; intros x y F L; [reflexivity|].
    cbn [all_fit] in F. apply andb_true_iff in F. destruct F as [F Frest]. apply andb_true_iff in F. destruct F as [F _].
    apply andb_true_iff in F. destruct F as [Ff Fl]. apply Nat.eqb_eq in Fl. cbn [deltas neurons].
    assert (length (activate l (affine l x)) = length (weights l)) as A1 by (rewrite activate_length; rewrite (affine_length (length x)); auto).
    assert (length (activate l (affine l y)) = length (weights l)) as A2 by (rewrite activate_length; rewrite (affine_length (length x)); auto).
    rewrite app_length, differences_length by lia. rewrite A1. f_equal. apply IH; [rewrite A1; exact Frest|lia]. }
  pose proof (listed_sound E (V := line) _ _ _ _ _ _ _ _ _ _ _ H (ds ++ deltas hidden x y) [] Lbs P1 (Forall_nil _) _ Hr) as T.
  unfold eval_form in T. cbn [products multiples eval_multiples fold_right] in T.
  rewrite <- (map_map (fun row => combination row (snd (slope_forms (length x) (units 0 (length x)) hidden))) (fun z => (z, z))) in T.
  rewrite (sum_squares _ _ _ _ P2), squares_of_differences in T.
  assert (Forall2 (fun a d => at_ (ds ++ deltas hidden x y) a = 1 * d) (units 0 (length x)) ds) as U3.
  { clear - U2. revert U2. generalize (ds ++ deltas hidden x y) as bs. intros bs U2.
    induction U2 as [|a d l1 l2 Ha _ IH]; constructor; [rewrite Ha; ring|exact IH]. }
  rewrite (sum_squares _ _ _ _ U3) in T. unfold ds in T. rewrite squares_of_differences in T.
  assert (0 < IZR (unit last_layer)) as Pu.
  { clear - F. revert F. generalize (length x). induction hidden as [|l rest IH]; intros n F; cbn [all_fit] in F.
    - unfold fits in F. apply andb_true_iff in F. destruct F as [F _]. apply andb_true_iff in F. destruct F as [F _].
      apply Z.ltb_lt in F. apply IZR_lt, F.
    - apply andb_true_iff in F. destruct F as [_ F]. apply (IH _ F). }
  assert (0 < IZR (unit last_layer) ^ 2) as Pu2 by (apply pow_lt; exact Pu).
  apply Rmult_le_reg_l with (IZR (unit last_layer) ^ 2); [exact Pu2|]. lra.
Qed.
End Meaning.

Definition distance (x y : list R) : R := sqrt (squared_distance x y).

Lemma squared_distance_pos : forall x y, 0 <= squared_distance x y.
Proof.
  induction x as [|a x IH]; intro y; [unfold squared_distance; simpl; lra|]. destruct y as [|b y]; [unfold squared_distance; simpl; lra|].
  unfold squared_distance. cbn [combine fold_right fst snd]. fold (squared_distance x y). pose proof (IH y). pose proof (pow2_ge_0 (a - b)). lra.
Qed.

Lemma distance_bound : forall r x y u v, 0 <= r -> squared_distance x y <= r * squared_distance u v ->
  distance x y <= sqrt r * distance u v.
Proof.
  intros r x y u v Hr H. unfold distance. rewrite <- sqrt_mult by (try exact Hr; apply squared_distance_pos). apply sqrt_le_1_alt, H.
Qed.
